"""core/repeats.py: what is nearly the same bullet again, and what goes round and round."""

import random
import string
from collections.abc import Callable
from itertools import pairwise

import pytest
from rapidfuzz import fuzz

from streamsum.core.repeats import Standing, loops
from tests.effort import calls_of

SAME = [
    ("The lighthouse was built of wood by Henry Winstanley.", "The lighthouse was built of wood by Henry Winstanley"),
    ("The lighthouse was built of wood by Henry Winstanley.", "Henry Winstanley built the lighthouse of wood."),
    ("The tower was lit in 1759 with 24 candles.", "The tower was first lit in 1759 with twenty-four candles."),
    ("The tower stood for forty-six years.", "The tower stood for 46 years!"),
    ("The company organised a meeting in Bern.", "The company organized a meeting in Bern."),
    ("The keeper, Henry Hall, was ninety-four years old.", "Henry Hall, the keeper, was 94 years old"),
    ("Revenue rose 18 percent to 412 million in spring.", "Revenue rose 18% to 412,000,000 during spring"),
    ("The keeper threw water upwards from a bucket.", "The old keeper threw water upwards from a bucket."),
    ("新幹線は1964年に開業した。", "新幹線が1964年に開業した"),
    ("It was what it was.", "it was what it was"),
]
OTHER = [
    ("Profit rose in the third quarter.", "Profit fell in the third quarter."),
    ("The tower was lit in November.", "The tower was not lit in November."),
    ("Insurance will go up in January.", "Insurance will go down in January."),
    ("The council approved the grant.", "The council rejected the grant."),
    ("Before the storm the tower was white.", "After the storm the tower was white."),
    ("The company opened a factory in Spain.", "The company opened a factory in Italy."),
    ("Mr Baker proposed the motion.", "Ms Lister proposed the motion."),
    ("Hungary beat West Germany in the final.", "West Germany beat Hungary in the final."),
    ("Revenue rose 18 percent.", "Revenue rose 28 percent."),
    ("Waves destroyed 165 villages and killed 36,417.", "Waves destroyed 165 villages."),
    # An added clause says something new, whichever comes first.
    ("The tower burned.", "The tower burned after a candle set the lantern on fire."),
    ("The yard employs 640 people.", "The yard employs 640 people, mostly welders and electricians from the town."),
    ("東京で会議が開かれた。", "大阪で会議が開かれた。"),
    ("It was what it was.", "It is what it is."),
    ("😀", "🚢"),
    # So long, and with so few words in common, that they need not be compared further.
    (
        "The first tower on the reef was built of wood and burned in 1755.",
        "Its keeper, who was 94 years old by then, threw water upwards from a bucket.",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_nearly_the_same_is_a_repeat(one: str, other: str) -> None:
    """Reworded, respelt, with a word more; whichever comes first."""
    assert Standing(["Something else.", other]).says(one)
    assert Standing([one]).says(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_statement_is_none(one: str, other: str) -> None:
    """Though it differs in one word, in a number, or by a clause."""
    assert not Standing([other]).says(one)
    assert not Standing(["Something else.", one]).says(other)


def test_nothing_is_a_repeat_of_nothing() -> None:
    """The first bullet."""
    assert not Standing().says("The tower was lit.")


CONSONANTS = "bcdfghklmnprtvwxz"


def drawn(draw: random.Random, letters: int, *, words: int) -> list[str]:
    return ["".join(draw.choices(CONSONANTS, k=letters)) for _ in range(words)]


def half_in_common(draw: random.Random, common: list[str]) -> str:
    return " ".join(common[:62] + drawn(draw, 7, words=60))


def some_of_its_own(draw: random.Random, common: list[str]) -> str:
    return " ".join(common[:112] + drawn(draw, 7, words=8))


def respelt_but_for_one(draw: random.Random, common: list[str]) -> str:
    return " ".join(
        [*common[:60], *(word[:6] + draw.choice(CONSONANTS) for word in common[60:]), *drawn(draw, 7, words=1)]
    )


def in_another_order(draw: random.Random, common: list[str]) -> str:
    return " ".join(draw.sample([word.capitalize() for word in common], k=len(common)))


@pytest.mark.parametrize("line", [half_in_common, some_of_its_own, respelt_but_for_one, in_another_order])
def test_fifty_long_lines_that_have_much_in_common_cost_little(
    line: Callable[[random.Random, list[str]], str],
) -> None:
    """As many as there may be, as long as they may be: a process that compares for seconds loses what it owns."""
    draw = random.Random(line.__name__)
    common = drawn(draw, 7, words=120)
    lines = [line(draw, common) for _ in range(50)]
    compared = 0

    def ratio(one: str, other: str) -> float:
        nonlocal compared
        compared += 1
        return fuzz.ratio(one, other)

    standing = Standing(ratio=ratio)

    def say_all() -> None:
        for each in lines:
            if not standing.says(each):
                standing.add(each)

    assert calls_of(say_all) < 500_000
    assert len(standing.lines) > 40
    assert compared <= 8 * 8 * 50 * 49 / 2


@pytest.mark.parametrize(
    "text",
    [
        "abc " * 60,
        "An honest beginning, and then " + "the same phrase again and again " * 5,
        "我爱你" * 40,
        "x" * 400,
        "A long sentence about a lighthouse on a reef in the sea, which comes again. " * 4,
        "the cat and the dog and the cat and the hen, " * 6,
        "and then " * 40 + "it ends well.",
    ],
)
def test_what_goes_round_is_a_loop(text: str) -> None:
    """From then on, whatever comes; and for every way in which the text arrived."""
    assert loops(text)
    assert loops(text + " And something else, at last.")
    draw = random.Random(text)
    for _ in range(20):
        cuts = sorted({0, len(text), *draw.choices(range(len(text)), k=9)})
        assert any(loops(text[:end], since=since) for since, end in pairwise(cuts))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No, no, no, no, no.",
        "The tower stood. The tower stood. It was lit.",
        "Smeaton" + "." * 60,
        "One keeper, two keepers, three keepers, four keepers, five keepers, six keepers and their six lamps.",
    ],
)
def test_what_only_says_a_thing_twice_is_none(text: str) -> None:
    """Nor a row of dots."""
    assert not loops(text)


def test_text_without_a_loop_is_looked_at_in_pieces_of_bounded_size() -> None:
    """What comes anew is all that costs: 16 KiB at one time or in 4,000 reads."""
    draw = random.Random(0)
    text = "".join(draw.choices(string.ascii_letters + "      ", k=16_384))
    assert not loops(text)
    assert not any(loops(text[:end], since=end - 4) for end in range(4, len(text), 4))
