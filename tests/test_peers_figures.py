"""benchmarks/peers/figures.py and goals.py: what is compared with what, and what was to be reached."""

import pytest

from benchmarks.peers.figures import Figures
from benchmarks.peers.goals import goals
from benchmarks.peers.results import Trial
from tests.measured import results, trial


def test_a_ratio_is_made_within_each_round() -> None:
    """The machine was ten times slower in the second round, and each ratio is still the true one."""
    figures = Figures(
        [
            trial("streamsum", cost=10, number=0),
            trial("passthrough", cost=5, number=0),
            trial("streamsum", cost=100, number=1),
            trial("passthrough", cost=50, number=1),
            trial("streamsum", cost=12, number=2),
            trial("passthrough", cost=4, number=2),
        ]
    )
    assert figures.ratio("streamsum", "passthrough", "short") == pytest.approx(2)
    assert figures.median("streamsum", "short", lambda each: each.cpu_a_chunk_us) == pytest.approx(12)


def test_only_rounds_in_which_both_played_are_compared() -> None:
    """A slow peer plays once, in the first round; a failure is no figure."""
    figures = Figures(
        [
            trial("streamsum", cost=10, number=0),
            trial("pydantic-ai", cost=1000, number=0),
            trial("streamsum", cost=20, number=1),
            Trial(peer="vercel", scene="short", round=0, failure="not the text of the model"),
        ]
    )
    assert figures.ratio("pydantic-ai", "streamsum", "short") == pytest.approx(100)
    assert figures.ratio("vercel", "streamsum", "short") is None
    assert figures.failure("vercel", "short") == "not the text of the model"
    assert figures.failure("streamsum", "short") is None


def test_goals_are_reached_missed_or_unknown() -> None:
    """At most, at least; and what was not measured is neither."""
    found = {(goal.scene, goal.what): goal for goal in goals(Figures(results().trials))}
    assert found["short", "CPU ÷ pass-through"].measured == pytest.approx(2)
    assert found["short", "CPU ÷ pass-through"].reached is True
    assert found["many", "CPU ÷ pass-through"].reached is False
    assert found["long", "times less CPU than pydantic-ai"].measured == pytest.approx(250)
    assert found["long", "times less CPU than pydantic-ai"].reached is True
    assert found["long", "CPU a chunk ÷ that at 600 tokens"].measured == pytest.approx(1)
    assert found["short", "times less CPU than vercel"].reached is None
    assert found["many", "memory for 100 open streams, MB"].measured == pytest.approx(5)


def test_evidence_is_what_it_adds_a_bullet() -> None:
    """Twice the CPU of 10 ms for 10 bullets is 1 ms more a bullet."""
    figures = Figures([trial("streamsum", cost=10), trial("streamsum-evidence", cost=20)])
    found = {goal.what: goal.measured for goal in goals(figures)}
    assert found["`evidence: attach`, ms of CPU a bullet"] == pytest.approx(1)


def test_lag_is_compared_with_the_floor() -> None:
    """Ours minus the pass-through's, in milliseconds."""
    figures = Figures([trial("streamsum", "few", cost=10, lag_ms=1.5), trial("passthrough", "few", cost=10, lag_ms=1)])
    found = {goal.what: goal.measured for goal in goals(figures)}
    assert found["lag, p50, ms over the pass-through's"] == pytest.approx(2.5)  # of the fifth item of ten
    assert found["lag, p99, ms over the pass-through's"] == pytest.approx(5)
