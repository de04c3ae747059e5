"""The figures as Markdown: for each scene what it cost and what was delivered; and the goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.figures import Figures
from benchmarks.peers.goals import OURS, goals, p50_ms, p99_ms
from benchmarks.peers.results import Results, Trial
from benchmarks.peers.scenes import SCENES, Scene

_FLOORS = tuple(each for each in PEERS if each.kind == "floor")
_MIB = 2**20


def tables(results: Results) -> str:
    """All of them, one below the other."""
    figures = Figures(results.trials)
    played = [scene for scene in SCENES if any(each.scene == scene.name for each in results.trials)]
    parts = [part for scene in played for part in (_cost(figures, scene), _delivery(figures, scene))]
    return "\n\n".join([*parts, _goals(figures)])


def _cost(figures: Figures, scene: Scene) -> str:
    head = ["CPU a chunk, µs", "chunks a second and core", "CPU a summary, ms", "÷ streamsum"]
    head += [f"÷ {floor.title}" for floor in _FLOORS]
    rows = []
    for peer in _peers(figures, scene):
        read = _reader(figures, peer, scene)
        ratios = [figures.ratio(peer.name, other, scene.name) for other in (OURS, *(each.name for each in _FLOORS))]
        rows.append(
            [
                peer.title,
                _number(read(lambda trial: trial.cpu_a_chunk_us)),
                _number(read(lambda trial: trial.chunks_a_core_s)),
                _number(read(lambda trial: trial.cpu_a_summary_ms)),
                *map(_number, ratios),
            ]
        )
    return _table(f"**{scene.title}: what it costs**", [scene.name, *head], rows)


def _delivery(figures: Figures, scene: Scene) -> str:
    head = ["items", "first after, s", "last after, s", "late", "lag p50, ms", "p99, ms", "worst, ms"]
    head += ["idle, MiB", "open, MiB", "peak RSS, MiB"]
    rows = []
    for peer in _peers(figures, scene):
        read = _reader(figures, peer, scene)
        if (failure := figures.failure(peer.name, scene.name)) is not None:
            rows.append([f"{peer.title}: {failure}", *[""] * len(head)])
        if not figures.of(peer.name, scene.name):
            continue
        rows.append(
            [
                peer.title,
                _number(read(lambda trial: trial.items)),
                _number(read(lambda trial: trial.arrival_by_item[0])),
                _number(read(lambda trial: trial.arrival_by_item[-1])),
                f"{read(lambda trial: trial.late_items / trial.items) or 0:.0%}",
                *(_number(read(each)) for each in (p50_ms, p99_ms, _worst_ms)),
                _number(read(lambda trial: trial.idle_pss / _MIB)),
                _number(read(lambda trial: trial.open_pss / _MIB)) if scene.pace else "",
                _number(read(lambda trial: trial.peak_rss / _MIB)),
            ]
        )
    return _table(f"**{scene.title}: what arrives, and the memory it takes**", [scene.name, *head], rows)


def _goals(figures: Figures) -> str:
    words = {True: "yes", False: "**no**", None: ""}
    rows = [
        [
            goal.scene,
            goal.what,
            f"{'≥' if goal.is_least else '≤'} {goal.limit:g}",
            _number(goal.measured),
            words[goal.reached],
        ]
        for goal in goals(figures)
    ]
    return _table("**What was to be reached**", ["scene", "what", "to reach", "measured", "reached"], rows, left=2)


def _peers(figures: Figures, scene: Scene) -> Iterator[Peer]:
    """Those that have been in it, in the catalogue's order."""
    for peer in PEERS:
        if figures.of(peer.name, scene.name) or figures.failure(peer.name, scene.name):
            yield peer


def _reader(figures: Figures, peer: Peer, scene: Scene) -> Callable[[Callable[[Trial], float]], float | None]:
    return lambda figure: figures.median(peer.name, scene.name, figure)


def _worst_ms(trial: Trial) -> float:
    return trial.lag.worst * 1e3 if trial.lag else 0.0


def _number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    lines = ["| " + " | ".join(row) + " |" for row in ([*head], rule, *rows)]
    return "\n".join([title, "", *lines])
