"""Conditions that fail a run."""

import pytest

from benchmarks.load.gates import Gate, judge_all
from tests.load.levels import failed, level_summary, outcome

LEVEL = level_summary([outcome(), failed()])


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("first_bullet_p95>2s", True),
        ("first_bullet_p95 > 999ms", False),
        ("first_bullet_p95>1s", True),
        ("first_bullet_p95>=1s", False),
        ("error_rate>50%", True),
        ("error_rate>0.49", False),
        ("summaries_per_s<0.1", True),
        ("summaries_per_s<=0.1", False),
        ("summaries_per_s<10", False),
        ("errors>0", False),
    ],
)
def test_a_gate_fails_where_its_condition_holds(text: str, passed: bool) -> None:
    """And says what it found, and what the limit was."""
    verdict = Gate.read(text).judge(LEVEL)
    assert verdict.passed is passed
    assert verdict.found is not None
    assert verdict.level == "concurrency 10"


def test_what_is_not_known_fails() -> None:
    """Nobody can say that all is well with a lag that nobody measured."""
    verdict = Gate.read("lag_p99>1s").judge(LEVEL)
    assert (verdict.passed, verdict.found) == (False, None)


def test_every_gate_is_for_every_level() -> None:
    """Each pair has a verdict."""
    gates = [Gate.read("errors>0"), Gate.read("total_p50>9s")]
    assert [each.passed for each in judge_all(gates, iter([LEVEL, level_summary([outcome()])]))] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("first_bullet_p95", "FIGURE>VALUE"),
        ("first_bullet_p95=2s", "FIGURE>VALUE"),
        ("first_bullet_p42>2s", "no figure 'first_bullet_p42'"),
        ("error_rate>2s", "is no share"),
        ("total_p50>2%", "is no time"),
        ("total_count>2s", "is no number"),
    ],
)
def test_what_is_no_gate_is_refused(text: str, words: str) -> None:
    """Before anything starts."""
    with pytest.raises(ValueError, match=words):
        Gate.read(text)
