"""The plots of a report, from levels as they were run."""

from xml.etree import ElementTree

from benchmarks.load.charts import Chart, against_load, percentile_curves, timeline
from benchmarks.load.level import Level
from tests.load.levels import failed, level_run, level_summary, outcome


def drawn(chart: Chart | None, tag: str) -> list[ElementTree.Element]:
    assert chart is not None
    return list(ElementTree.fromstring(chart.svg).iter(tag))  # noqa: S314 - ours


def test_a_curve_a_level() -> None:
    """In order, rising; a level without values has its name, and no line."""
    runs = [
        level_run([outcome(bullets=[at / 10], elements=[0]) for at in range(1, 200)]),
        level_run([], level=Level("closed", 20)),
        level_run([outcome()], level=Level("closed", 30)),
    ]
    chart = percentile_curves(runs, "first_bullet", "t", "s")
    lines = drawn(chart, "polyline")
    assert [line.get("class") for line in lines] == ["line s0", "line s2"]
    heights = [float(each.split(",")[1]) for each in (lines[0].get("points") or "").split()]
    assert heights == sorted(heights, reverse=True)
    assert chart is not None
    assert list(chart.series) == ["concurrency 10", "concurrency 20", "concurrency 30"]
    words = {each.text for each in drawn(chart, "text")}
    assert [each for each in ("0", "50", "90", "99", "99.9", "99.99") if each in words] == [
        "0",
        "50",
        "90",
        "99",
        "99.9",
    ]


def test_a_measure_that_nobody_knows_has_no_chart() -> None:
    """No lag without a journal; nothing at all without a request."""
    assert percentile_curves([level_run([outcome()])], "lag", "t", "s") is None
    assert against_load([level_summary([outcome()])], "lag", "t", "s") is None
    assert timeline(level_run([failed(total=None), outcome(measured=False)])) is None


def test_the_lag_against_the_load() -> None:
    """Three lines, a dot a level on each."""
    levels = [
        level_summary([outcome(lags=[lag / 1000, lag / 100])], level=Level("closed", lag)) for lag in (1, 10, 100)
    ]
    chart = against_load(levels, "lag", "t", "s")
    assert (len(drawn(chart, "polyline")), len(drawn(chart, "circle"))) == (3, 9)
    assert {"1", "10", "100", "concurrency"} <= {each.text for each in drawn(chart, "text")}


def test_a_row_a_request() -> None:
    """Its wait, red for an error, and a dot a bullet; a page's worth of them."""
    run = level_run([outcome(at) for at in range(100)] + [failed()])
    chart = timeline(run)
    waits = [line for line in drawn(chart, "line") if "wait" in (line.get("class") or "")]
    assert (len(waits), len(drawn(chart, "circle"))) == (60, 120)
    rows = drawn(timeline(level_run([outcome(), failed()])), "line")
    assert [line.get("class") for line in rows if line.get("class") != "grid"] == ["wait", "wait failed"]
