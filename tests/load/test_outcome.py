"""One request's line in the results."""

from benchmarks.load.outcome import INTERRUPTED, Outcome


def outcome(**more: object) -> Outcome:
    return Outcome(**{"number": 1, "tag": "t", "text": "a", "scheduled_at": 10.0, "measured": True, **more})  # type: ignore[arg-type]


def test_it_is_interrupted_until_it_is_over() -> None:
    """What never came to its end must not count as good."""
    assert not outcome().ok
    assert outcome().error == INTERRUPTED


def test_its_times_by_measure() -> None:
    """None, one, or one for each gap and lag."""
    it = outcome(bullets=[1.0, 1.5, 3.0], lags=[0.1, 0.2, 0.3], total=4.0, error=None)
    assert (it.times("first_bullet"), it.times("gap"), it.times("lag")) == ([1.0], [0.5, 1.5], [0.1, 0.2, 0.3])
    assert (it.times("headers"), it.times("total"), it.ended_at) == ([], [4.0], 14.0)
    assert outcome().times("first_bullet") == outcome().times("gap") == []


def test_its_line_is_rounded_and_relative() -> None:
    """To microseconds, and to the level's start; the tag stays ours."""
    line = outcome(bullets=[0.12345678], status=200).line(level="rate 5", began=7.5)
    assert (line["level"], line["scheduled_s"], line["bullets_s"], line["headers_s"]) == (
        "rate 5",
        2.5,
        [0.123457],
        None,
    )
    assert "tag" not in line
