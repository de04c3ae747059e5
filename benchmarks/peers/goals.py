"""What was to be reached (issue 5), and whether it was: ratios in one run, where a goal is a ratio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.figures import Figures
from benchmarks.peers.results import Trial

OURS, FLOOR, WITH_EVIDENCE = "streamsum", "passthrough", "streamsum-evidence"
_LIBRARIES = tuple(each.name for each in PEERS if each.kind == "library")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`measured` shall be at most `limit`, or at least, if `is_least`; `None` where it was not measured."""

    scene: str
    what: str
    limit: float
    measured: float | None
    is_least: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether it was; `None` where nobody knows."""
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.is_least else self.measured <= self.limit


def goals(figures: Figures) -> Iterator[Goal]:
    """All of them."""
    yield from _short(figures)
    yield from _long(figures)
    yield from _at_pace(figures)
    yield from _lag(figures)
    yield from _memory(figures)


def _short(figures: Figures) -> Iterator[Goal]:
    yield Goal(scene="short", what="CPU ÷ pass-through", limit=3, measured=figures.ratio(OURS, FLOOR, "short"))
    for peer, least in (("vercel", 6), ("instructor", 18), ("pydantic-ai", 45), ("original", 35)):
        yield _less(figures, "short", peer, least)
    added = figures.compared(WITH_EVIDENCE, OURS, "short", lambda one, two: _ms_a_bullet(one) - _ms_a_bullet(two))
    yield Goal(scene="short", what="`evidence: attach`, ms of CPU a bullet", limit=0.3, measured=added)


def _long(figures: Figures) -> Iterator[Goal]:
    yield Goal(scene="long", what="CPU ÷ pass-through", limit=2.5, measured=figures.ratio(OURS, FLOOR, "long"))
    long, short = (figures.median(OURS, scene, lambda trial: trial.cpu_a_chunk_us) for scene in ("long", "short"))
    growth = long / short if long and short else None
    yield Goal(scene="long", what="CPU a chunk ÷ that at 600 tokens", limit=1, measured=growth)
    yield _less(figures, "long", "pydantic-ai", 200)


def _at_pace(figures: Figures) -> Iterator[Goal]:
    yield Goal(scene="few", what="CPU ÷ pass-through", limit=1.1, measured=figures.ratio(OURS, FLOOR, "few"))
    for peer in _LIBRARIES:
        yield _less(figures, "few", peer, 3.5)
    yield Goal(scene="many", what="CPU ÷ pass-through", limit=1, measured=figures.ratio(OURS, FLOOR, "many"))


def _lag(figures: Figures) -> Iterator[Goal]:
    reads: tuple[tuple[str, float, Callable[[Trial], float]], ...] = (("p50", 0.2, p50_ms), ("p99", 2, p99_ms))
    for name, limit, read in reads:
        over = figures.compared(OURS, FLOOR, "few", lambda one, two, read=read: read(one) - read(two))  # type: ignore[misc]
        yield Goal(scene="few", what=f"lag, {name}, ms over the pass-through's", limit=limit, measured=over)
    yield Goal(scene="many", what="lag, p99, ms", limit=50, measured=figures.median(OURS, "many", p99_ms))


def _memory(figures: Figures) -> Iterator[Goal]:
    idle = figures.median(OURS, "many", lambda trial: trial.idle_pss / 1e6)
    yield Goal(scene="many", what="memory when idle, MB", limit=85, measured=idle)
    more = figures.median(OURS, "many", lambda trial: (trial.open_pss - trial.idle_pss) / 1e6 / 2)
    yield Goal(scene="many", what="memory for 100 open streams, MB", limit=6, measured=more)


def _less(figures: Figures, scene: str, peer: str, least: float) -> Goal:
    measured = figures.ratio(peer, OURS, scene)
    return Goal(scene=scene, what=f"times less CPU than {peer}", limit=least, measured=measured, is_least=True)


def _ms_a_bullet(trial: Trial) -> float:
    return trial.cpu_s / trial.items * 1e3


def p50_ms(trial: Trial) -> float:
    """The median lag, in milliseconds."""
    return trial.lag.p50 * 1e3 if trial.lag else 0.0


def p99_ms(trial: Trial) -> float:
    """The lag that one item in a hundred exceeds, in milliseconds."""
    return trial.lag.p99 * 1e3 if trial.lag else 0.0
