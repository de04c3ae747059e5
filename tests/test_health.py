"""runs/health.py: who fails time and again rests."""

import pytest

from streamsum.core.passes import Cause
from streamsum.runs.health import FAILURES, REST_S, Health


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def resting_after(*causes: Cause) -> set[str]:
    health = Health(Clock())
    for cause in causes:
        health.note_end("a", cause)
    return health.resting()


@pytest.mark.parametrize("cause", [Cause.ERROR, Cause.CUT, Cause.OVERLOADED, Cause.REJECTED, Cause.TIMEOUT])
def test_five_failures_in_a_row_are_a_rest(cause: Cause) -> None:
    """Four are none, and one success in between begins the count anew."""
    assert resting_after(*[cause] * FAILURES) == {"a"}
    assert resting_after(*[cause] * (FAILURES - 1)) == set()
    assert resting_after(*[cause] * (FAILURES - 1), Cause.STOP, cause) == set()


@pytest.mark.parametrize("cause", [Cause.CANCELLED, Cause.DRAINING, Cause.TOO_LONG])
def test_what_says_nothing_of_an_upstream_counts_neither_way(cause: Cause) -> None:
    """Our own leaving, or a source that is too long."""
    assert resting_after(*[cause] * FAILURES) == set()
    assert resting_after(*[Cause.ERROR] * (FAILURES - 1), cause, Cause.ERROR) == {"a"}


@pytest.mark.parametrize(
    "cause", [Cause.STOP, Cause.LENGTH, Cause.FILTER, Cause.REFUSAL, Cause.LIMIT, Cause.CLOSED_BY_US]
)
def test_an_answer_is_an_answer(cause: Cause) -> None:
    """However it ended."""
    assert resting_after(*[Cause.ERROR] * (FAILURES - 1), cause, Cause.ERROR) == set()


def test_only_the_first_failure_too_many_is_told() -> None:
    """And each one that prolongs the rest."""
    told: list[str] = []
    health = Health(Clock(), on_rest=told.append)
    for _ in range(FAILURES - 1):
        health.note_end("a", Cause.ERROR)
    assert told == []
    for _ in range(2):
        health.note_end("a", Cause.ERROR)
    assert told == ["a", "a"]


def test_after_a_rest_one_call_finds_out() -> None:
    """While it does, the others go on elsewhere; its success ends the rest, its failure begins another."""
    clock = Clock()
    health = Health(clock)
    for _ in range(FAILURES):
        health.note_end("a", Cause.ERROR)
    clock.now = REST_S - 1
    assert health.resting() == {"a"}
    clock.now = REST_S
    assert health.resting() == set()
    health.note_call("a")
    assert health.resting() == {"a"}
    health.note_end("a", Cause.STOP)
    assert health.resting() == set()
    for _ in range(FAILURES):
        health.note_end("a", Cause.ERROR)
    clock.now += REST_S
    health.note_call("a")
    health.note_end("a", Cause.ERROR)
    assert health.resting() == {"a"}


def test_each_rests_for_itself() -> None:
    """By name."""
    health = Health(Clock())
    for _ in range(FAILURES):
        health.note_end("a", Cause.ERROR)
        health.note_end("b", Cause.STOP)
    assert health.resting() == {"a"}
