"""The outcomes of one level -> its summary."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load.figures import Figures
from benchmarks.load.level import Level
from benchmarks.load.objectives import Objectives, keeps
from benchmarks.load.outcome import INTERRUPTED, Outcome
from benchmarks.load.pulse import Pulse
from benchmarks.load.summary import MEASURES, Counts, Generator, Goodput, LevelSummary, Measures, Throughput

# Saturated is a generator that used most of its core, or whose loop often came later than a fast model's next token:
# then the times that it took cannot be told from its own.
_MOST_CPU_SHARE = 0.85
_MOST_LATE_P99_S = 0.025


@dataclass(frozen=True, slots=True)
class LevelRun:
    """A level as it was run: requests were measured from `measured_from` until `ended`, on the clock of the outcomes.

    `ended`: the end of the time for measuring, or, where a number of requests was asked for, of the last of them.
    """

    level: Level
    began: float
    measured_from: float
    ended: float
    outcomes: Sequence[Outcome]
    pulse: Pulse

    @property
    def window_s(self) -> float:
        """How long requests were measured; 0.0 if it never came to that."""
        return max(0.0, self.ended - self.measured_from)

    @property
    def measured(self) -> list[Outcome]:
        """The requests that count."""
        return [each for each in self.outcomes if each.measured and each.error != INTERRUPTED]

    @property
    def ended_in_window(self) -> list[Outcome]:
        """The good ones that ended while requests were measured, whenever they began."""
        return [each for each in self.outcomes if each.ok and self.measured_from <= each.ended_at <= self.ended]


def tally(run: LevelRun, objectives: Objectives) -> LevelSummary:
    """What the level came to."""
    measured = run.measured
    good = [each for each in measured if each.ok]
    return LevelSummary(
        mode=run.level.mode,
        load=run.level.load,
        window_s=round(run.window_s, 6),
        requests=_counts(run),
        errors=dict(Counter(each.error for each in measured if each.error is not None)),
        finishes=dict(Counter(each.finish for each in measured if each.finish is not None)),
        bullets=sum(len(each.bullets) for each in measured),
        rejected=sum(each.rejected for each in measured),
        bytes=sum(each.bytes for each in measured),
        throughput=_throughput(run),
        goodput=_goodput(run, objectives) if objectives else None,
        seconds=Measures(**{name: Figures.of([t for each in good for t in each.times(name)]) for name in MEASURES}),
        generator=_generator(run.pulse),
    )


def _counts(run: LevelRun) -> Counts:
    measured = run.measured
    ok = sum(each.ok for each in measured)
    interrupted = sum(each.error == INTERRUPTED for each in run.outcomes)
    return Counts(
        measured=len(measured),
        ok=ok,
        errors=len(measured) - ok,
        cut=sum(each.status == 200 and not each.ended for each in measured),
        not_measured=sum(not each.measured and each.error != INTERRUPTED for each in run.outcomes),
        interrupted=interrupted,
    )


def _throughput(run: LevelRun) -> Throughput:
    ended = run.ended_in_window
    return Throughput(
        summaries_per_s=_per_s(len(ended), run),
        bullets_per_s=_per_s(sum(len(each.bullets) for each in ended), run),
        bytes_per_s=_per_s(sum(each.bytes for each in ended), run),
    )


def _goodput(run: LevelRun, objectives: Objectives) -> Goodput:
    measured = run.measured
    kept = sum(keeps(each, objectives) for each in measured)
    return Goodput(
        objectives=dict(objectives),
        ok=kept,
        share=kept / len(measured) if measured else 0.0,
        summaries_per_s=_per_s(sum(keeps(each, objectives) for each in run.ended_in_window), run),
    )


def _per_s(count: int, run: LevelRun) -> float:
    return round(count / run.window_s, 3) if run.window_s else 0.0


def _generator(pulse: Pulse) -> Generator:
    late = Figures.of(pulse.late)
    saturated = pulse.cpu_share > _MOST_CPU_SHARE or (late is not None and late.p99 > _MOST_LATE_P99_S)
    return Generator(cpu_share=round(pulse.cpu_share, 4), loop_lag=late, saturated=saturated)
