"""The outcomes of a level -> its summary."""

import pytest

from benchmarks.load.outcome import INTERRUPTED
from benchmarks.load.summary import KINDS, MEASURES, figures_of
from benchmarks.load.tally import tally
from tests.load.levels import failed, level_run, level_summary, outcome


def test_only_good_and_measured_requests_have_times() -> None:
    """Not the warm-up's, not those of errors: a fast refusal is no fast summary."""
    level = level_summary([outcome(), outcome(measured=False, total=99.0), failed(), failed(error=INTERRUPTED)])
    assert level.seconds.total is not None
    assert (level.seconds.total.count, level.seconds.total.max) == (1, 4)
    assert level.seconds.gap is not None
    assert (level.seconds.gap.count, level.seconds.gap.p50) == (1, 2)
    assert level.seconds.lag is None


def test_everything_is_counted_once() -> None:
    """Good, wrong, cut, warm-up, interrupted; errors by their codes, endings by the ledger's words."""
    level = level_summary(
        [
            outcome(rejected=2),
            outcome(measured=False),
            failed(),
            failed(error="wrong_digest", status=200, ended=True, finish="complete"),
            failed(error="no_terminal_event", status=200),
            failed(error=INTERRUPTED),
            failed(error=INTERRUPTED, measured=False),
        ]
    )
    assert level.requests.model_dump() == {
        "measured": 4,
        "ok": 1,
        "errors": 3,
        "cut": 1,
        "not_measured": 1,
        "interrupted": 2,
    }
    assert level.errors == {"overloaded": 1, "wrong_digest": 1, "no_terminal_event": 1}
    assert level.finishes == {"complete": 2}
    assert (level.bullets, level.rejected, level.bytes) == (2, 2, 400)


def test_throughput_is_what_ended_well_in_the_window() -> None:
    """Whenever it began; of ten seconds here."""
    level = level_summary([outcome(-2, measured=False), outcome(1), outcome(7), outcome(-5, measured=False), failed(2)])
    assert level.throughput.summaries_per_s == pytest.approx(0.2)
    assert level.throughput.bullets_per_s == pytest.approx(0.4)
    assert level.throughput.bytes_per_s == pytest.approx(20)


def test_goodput_is_what_kept_the_objectives() -> None:
    """A share of all that was measured, errors included."""
    run = level_run([outcome(), outcome(bullets=[3.0], elements=[0]), failed(), outcome(measured=False)])
    level = tally(run, {"first_bullet": 2})
    assert level.goodput is not None
    assert level.goodput.ok == 1
    assert level.goodput.share == pytest.approx(1 / 3)
    assert level.goodput.summaries_per_s == pytest.approx(0.2)
    assert tally(run, {}).goodput is None


@pytest.mark.parametrize(
    ("late", "cpu_s", "saturated"), [([0.001] * 100, 1, False), ([0.001] * 98 + [0.1] * 2, 1, True), ([0.0], 9, True)]
)
def test_a_saturated_generator_says_so(late: list[float], cpu_s: float, saturated: bool) -> None:
    """By its loop's lateness, or by its core's use."""
    run = level_run([], late=late)
    run.pulse.cpu_s = cpu_s
    assert tally(run, {}).generator.saturated is saturated


def test_a_level_without_anything_is_a_level() -> None:
    """Interrupted before it began: zeros where things are counted, nothing where they are timed."""
    level = level_summary([], late=[])
    figures = figures_of(level)
    assert list(figures) == list(KINDS)
    assert (figures["requests"], figures["error_rate"], figures["first_bullet_p95"]) == (0, None, None)


def test_figures_have_the_names_of_what_they_are() -> None:
    """Zipped with their names: none may slip by one."""
    level = level_summary([outcome(), failed()], late=[0.003])
    figures = figures_of(level)
    assert (figures["requests"], figures["ok"], figures["errors"], figures["error_rate"]) == (2, 1, 1, 0.5)
    assert (figures["rejected"], figures["bytes"], figures["bytes_per_s"]) == (0, 200, 10)
    assert (figures["generator_cpu"], figures["generator_lag_p99"]) == (0.1, 0.003)
    assert [figures[f"{measure}_max"] for measure in MEASURES] == [0.001, 0.5, 0.5, 1, 2, 4, None]
    assert figures["goodput_share"] is None
