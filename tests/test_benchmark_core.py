"""benchmarks/core.py measures what it says; and the decoder does no more work a delta for longer texts, counted."""

import json
import sys
from types import FrameType
from typing import Any

import pytest

from benchmarks import core
from benchmarks.core import Case, Contestant, WrongAnswer, make_case, measure


def work(case: Case) -> tuple[float, float]:
    """Calls, of Python functions and of others, a delta; and characters handed to the former."""
    calls = chars = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls, chars
        if event == "call":
            chars += sum(len(value) for value in frame.f_locals.values() if isinstance(value, str))
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        assert list(core.streamsum(case))[-1] == case.elements
    finally:
        sys.setprofile(before)
    deltas = sum(map(len, case.laps))
    return calls / deltas, chars / deltas


@pytest.mark.parametrize("kind", core.KINDS)
def test_work_a_delta_does_not_grow_with_the_text(kind: str) -> None:
    """Ten times the text is ten times the work: in calls, and in characters that functions are given to look at."""
    small, large = work(make_case(kind, 2_000)), work(make_case(kind, 20_000))
    assert large[0] <= small[0] * 1.05
    assert large[1] <= small[1] * 1.05 + core.DELTA_CHARS


@pytest.mark.parametrize(
    ("kind", "most"), [("prose", 5), ("objects", 5.5), ("emoji", 5), ("escapes", 6.5), ("giant", 3.1)]
)
def test_work_a_delta_is_little(kind: str, most: float) -> None:
    """Inside a string: the decoder's own call, the length and the keeping of the delta. The rest is one element's."""
    assert work(make_case(kind, 20_000))[0] <= most


@pytest.mark.parametrize(
    "wrong",
    [
        lambda case: case.elements[:-1],
        lambda case: [*case.elements, "more"],
        lambda case: case.elements[::-1],
        lambda case: [str(each).upper() for each in case.elements],
    ],
)
def test_a_wrong_answer_is_caught(wrong: Any) -> None:
    """One element less, one more, another order, another text: no time is worth anything then."""
    with pytest.raises(WrongAnswer, match=r"liar, prose, 2000 characters"):
        measure([make_case("prose", 2_000)], [Contestant("liar", lambda case: iter([wrong(case)]))])


def test_it_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With a row for each document, the exponents, and the versions that it was measured with; or the same as JSON."""
    core.main(["--up-to", "2000", "--rounds", "1"])
    text = capsys.readouterr().out
    assert "| prose, 2,000 characters |" in text
    assert "ijson 3" in text
    core.main(["--up-to", "2000", "--rounds", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {each["contestant"] for each in found["results"]} == {each.name for each in core.CONTESTANTS}


def test_the_exponent_is_that_of_the_growth() -> None:
    """A time a delta that stays is linear; one that grows with the text is quadratic."""
    linear = [core.Result("prose", chars, "a", 0.5) for chars in core.SIZES]
    quadratic = [core.Result("prose", chars, "a", chars / 1000) for chars in core.SIZES]
    assert core.exponent(linear) == pytest.approx(1)
    assert core.exponent(quadratic) == pytest.approx(2)
