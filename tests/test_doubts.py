"""core/doubts.py: what speaks against a claim although its words are in the source."""

import pytest

from streamsum.core.claim import read
from streamsum.core.doubts import Doubts
from streamsum.core.source_index import SourceIndex
from streamsum.core.support import Search

SOURCE = """
West Germany beat Hungary in the final in Bern. The coach, Sepp Herberger, had rested his players in the group stage.
Fritz Walter took the cup from Jules Rimet. He was the captain. It rained all day, and the pitch was not dry. The
referee, who came from England, disallowed a goal of Ferenc Puskás. It was a late one in the second half. On Monday
the team went home by train. A prize was given to Max Morlock by Toni Turek. The goal was not given by the referee's
assistant either.
"""


def factor(bullet: str, source: str = SOURCE) -> float:
    index = SourceIndex(source)
    search = Search(index, read(bullet, index.language))
    best = search.best()
    assert best is not None
    return Doubts(search, source).factor(best.sentences)


@pytest.mark.parametrize(
    "bullet",
    [
        "West Germany beat Hungary in Bern.",
        "Hungary was beaten by West Germany in the final.",
        "Sepp Herberger had rested his players.",
        "Fritz Walter was the captain.",
        "A goal of Ferenc Puskás in the second half was disallowed.",
        "The pitch was not dry.",
        "Players were rested in the group stage.",
        "Puskás had a goal disallowed by the referee.",
        "The team went home by train.",
        "Toni Turek gave Max Morlock a prize.",
    ],
)
def test_what_the_source_says_is_not_doubted(bullet: str) -> None:
    """In its order, in the passive, with a name from the sentence before or after."""
    assert factor(bullet) == 1


@pytest.mark.parametrize(
    "bullet",
    [
        "West Germany beat Hungary in the final in Wembley.",
        "Lothar Matthäus took the cup.",
        "Hungary beat West Germany in the final in Bern.",
        "Jules Rimet took the cup from Fritz Walter.",
        "Toni Turek, the coach, had rested his players in the group stage.",
        "The pitch was wet all day, and it was not raining in Bern.",
        "The coach, Jules Rimet, had rested his players in the group stage.",
        "The team did not go home by train.",
        "It was an early one in the second half.",
    ],
)
def test_what_it_does_not_say_is(bullet: str) -> None:
    """A name that is not there, names in each other's places, a name from elsewhere, the opposite."""
    assert factor(bullet) < 0.5


def test_in_german_a_capital_is_no_name() -> None:
    """Every noun has one."""
    source = "Der Turm stand auf dem Riff und wurde im Sturm zerstört. Der Wärter war nicht in dem Haus."
    assert factor("Die Lampe auf dem Turm wurde im Sturm zerstört.", source) == 1


def test_a_first_word_is_a_name_only_where_it_has_a_capital_in_the_source() -> None:
    """Every sentence begins with one."""
    source = "The keeper wrote a book. Smeaton built the tower of the light, and Rudyerd had built one before him."
    assert factor("Keeper and light are in the book.", source) == 1
    assert factor("Smeaton wrote a book.", source + " " + "Then Winstanley came. " * 3) <= 1
