"""What a request must keep to count as good."""

import pytest

from benchmarks.load.objectives import keeps, read_objectives
from tests.load.levels import failed, outcome


def test_objectives_are_read() -> None:
    """In seconds, by measure."""
    assert read_objectives("first_bullet=2s, gap=500ms") == {"first_bullet": 2, "gap": 0.5}


@pytest.mark.parametrize("text", ["", "first_bullet", "speed=2s", "gap=1%", "gap=", "gap=1s,"])
def test_what_is_no_objective_is_refused(text: str) -> None:
    """By name."""
    with pytest.raises(ValueError, match=r"--slo|is no time"):
        read_objectives(text)


@pytest.mark.parametrize(
    ("objectives", "kept"),
    [
        ("first_bullet=1s", True),
        ("first_bullet=900ms", False),
        ("gap=2s,total=4s", True),
        ("gap=1s,total=4s", False),
        ("lag=1s", False),
    ],
)
def test_every_objective_must_be_kept(objectives: str, kept: bool) -> None:
    """At the limit it is; every gap must be; what nobody measured is not."""
    assert keeps(outcome(), read_objectives(objectives)) is kept


def test_an_error_keeps_nothing() -> None:
    """However fast; and a summary without a bullet never has its first in time, but has no gap that is too long."""
    assert not keeps(failed(), {"total": 100})
    empty = outcome(bullets=[], elements=[])
    assert not keeps(empty, {"first_bullet": 100})
    assert keeps(empty, {"gap": 1})
