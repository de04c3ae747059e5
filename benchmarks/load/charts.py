"""The plots of a report: percentile curves, the lag against the load, a timeline of bullets."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.load.figures import percentile
from benchmarks.load.outcome import Outcome
from benchmarks.load.summary import LevelSummary
from benchmarks.load.svg import Axis, Plot, Point, linear_axis
from benchmarks.load.tally import LevelRun

# As many as fit on a page, one under the other.
_TIMELINE_ROWS = 60
_ROW_HEIGHT = 7
# Percentiles so far out that a test of MAX_REQUESTS has values for them.
_FAR_OUT = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)
_POINTS = 120


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot with its heading; `series` are its lines' names, in the order of their colours."""

    title: str
    says: str
    svg: str
    series: Sequence[str]


def percentile_curves(runs: Sequence[LevelRun], measure: str, title: str, says: str) -> Chart | None:
    """One line a level: how long the fastest so many per cent took at the longest. None without any values."""
    values = [sorted(t for each in run.measured if each.ok for t in each.times(measure)) for run in runs]
    if not any(values):
        return None
    far = _far(max(map(len, values)))
    x = Axis("percentile", 0.0, _far_out(far[-1]), [(_far_out(each), f"{each:g}") for each in far])
    y = linear_axis("ms", max(each[-1] for each in values if each), scale=1000)
    plot = Plot(x, y, title=title)
    for series, (run, ordered) in enumerate(zip(runs, values, strict=True)):
        if ordered:
            plot.line(list(_curve(ordered, x.high)), series, label=run.level.name)
    return Chart(title, says, plot.text(), [run.level.name for run in runs])


def _curve(ordered: Sequence[float], high: float) -> Iterator[Point]:
    for step in range(_POINTS + 1):
        at = high * step / _POINTS
        yield at, percentile(ordered, 100 * (1 - 10**-at))


def _far_out(percent: float) -> float:
    """How many nines: 0 at 0 %, 1 at 90 %, 2 at 99 %."""
    return -math.log10(1 - percent / 100)


def _far(count: int) -> list[float]:
    """The marks up to the first at which a single value of so many is left."""
    beyond = next((n for n, each in enumerate(_FAR_OUT) if count * (1 - each / 100) <= 1), len(_FAR_OUT) - 1)
    return list(_FAR_OUT[: max(beyond, 2) + 1])


def against_load(levels: Sequence[LevelSummary], measure: str, title: str, says: str) -> Chart | None:
    """p50, p95 and p99 of one measure, level by level. None where nobody knows it."""
    known = [(level, figures) for level in levels if (figures := getattr(level.seconds, measure)) is not None]
    if not known:
        return None
    name = "concurrency" if known[0][0].mode == "closed" else "summaries a second"
    ticks = [(float(at), f"{level.load:g}") for at, (level, _) in enumerate(known)]
    # Levels stand side by side, whatever is between them: a sweep goes up in powers of ten.
    x = Axis(name, -0.5, len(known) - 0.5, ticks)
    plot = Plot(x, linear_axis("ms", max(figures.p99 for _, figures in known), scale=1000), title=title)
    for series, statistic in enumerate(("p50", "p95", "p99")):
        points = [(float(at), getattr(figures, statistic)) for at, (_, figures) in enumerate(known)]
        plot.line(points, series, label=statistic)
        plot.dots(points, series, radius=4)
    return Chart(title, says, plot.text(), ["p50", "p95", "p99"])


def timeline(run: LevelRun) -> Chart | None:
    """A row a request, its bullets as dots where they came. None before anything was measured."""
    shown = [each for each in run.measured if each.total is not None][:_TIMELINE_ROWS]
    if not shown:
        return None
    first = min(each.scheduled_at for each in shown)
    title = f"Timeline of bullets: {run.level.name}"
    x = linear_axis("s", max(each.ended_at for each in shown) - first)
    rows = Axis("requests", 0.0, float(len(shown)), [])
    plot = Plot(x, rows, title=title, height=70 + _ROW_HEIGHT * len(shown))
    for row, each in enumerate(shown):
        _draw_row(plot, each, each.scheduled_at - first, len(shown) - row - 0.5)
    says = (
        f"The first {len(shown)} measured requests: a line from when each was due to its end, red where that was an"
        " error, a dot for each bullet."
    )
    return Chart(title, says, plot.text(), [])


def _draw_row(plot: Plot, outcome: Outcome, start: float, y: float) -> None:
    kind = "wait" if outcome.ok else "wait failed"
    plot.bar(
        start, start + (outcome.total or 0.0), y, kind=kind, label=f"request {outcome.number}: {outcome.error or 'ok'}"
    )
    plot.dots([(start + at, y) for at in outcome.bullets], 0)
