"""The course of a level: what may start, and what counts."""

from benchmarks.load import level
from benchmarks.load.level import Course, Level, Pacing


def test_a_level_has_a_name() -> None:
    """The one that figures are compared by."""
    assert [Level("closed", 10).name, Level("open", 2.5).name] == ["concurrency 10", "rate 2.5"]


def test_what_starts_before_is_not_measured() -> None:
    """Ramp-up and warm-up are left out, then all counts until the time is over."""
    course = Course(Pacing(ramp_up_s=1, warm_up_s=2, duration_s=4), 100)
    assert [course.admit(at) for at in (100, 102.9, 103, 106.9, 107)] == [False, False, True, True, None]
    assert (course.started, course.measured, course.ends) == (4, 2, 107)


def test_so_many_requests_are_measured() -> None:
    """Those before do not count; and a time bounds it all the same."""
    course = Course(Pacing(warm_up_s=1, requests=2), 0)
    assert [course.admit(at) for at in (0, 1, 2, 3)] == [False, True, True, None]
    assert course.measured_part == 1
    assert Course(Pacing(requests=2), 0).admit(level.MAX_DURATION_S) is None


def test_there_is_a_most_of_requests() -> None:
    """Of all together: those that are not measured take room, too."""
    course = Course(Pacing(warm_up_s=1, duration_s=1), 0)
    assert [course.admit(0.5) for _ in range(level.MAX_REQUESTS)] == [False] * level.MAX_REQUESTS
    assert course.admit(0.5) is None
