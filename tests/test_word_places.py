"""core/word_places.py: where words stand in a text, in any form, however large it is."""

import pytest

from streamsum.core.word_places import MOST_PLACES, WordPlaces, search
from streamsum.core.words import Word, stem

SMALL = " the castles of casks fell and castled cas castleless bär bären 東京都庁 at the castle keeperless keep keeper "
# Nothing; so much that the words of all are noted; so much that they are not.
BEFORE = ["", " 0" * 5_000, " 0" * 20_000]


def found(word: str, text: str) -> list[str]:
    """The words at the places."""
    utf8 = text.encode()
    places = WordPlaces(utf8).of(Word(0, len(word), stem(word), spaced=word.isascii() or word[0] == "b"))
    return [utf8[place:].decode().partition(" ")[0] for place in places]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("castle", ["castles", "castled", "castle"]),
        ("cas", ["cas"]),
        ("bär", ["bär", "bären"]),
        ("東京", ["東京都庁"]),
        ("京都", ["京都庁"]),
        ("harbour", []),
        ("keepers", ["keep", "keeper"]),
        ("the", ["the", "the"]),
        ("zoo", []),
        ("t", []),
    ],
)
def test_words_are_found_in_any_form_and_in_order(word: str, there: list[str], before: str) -> None:
    """The same in a short text, in one of some pages, and in a large one."""
    assert found(word, before + SMALL) == there


@pytest.mark.parametrize("before", BEFORE)
def test_only_the_first_of_many_places_are_looked_at(before: str) -> None:
    """Those of other words with the same beginning count, too."""
    assert len(found("canal", before + " canal" * 1_000 + " ")) == MOST_PLACES
    assert found("canals", before + " canalxyz" * 1_000 + " canal ") == []


@pytest.mark.parametrize("before", BEFORE)
def test_what_goes_on_for_long_is_no_form(before: str) -> None:
    """Nobody looks for the end of it."""
    assert found("cas", before + " cas" + "s" * 100 + " cas ") == ["cas"]


def test_a_part_of_a_text_can_be_searched() -> None:
    """Between two places."""
    utf8 = SMALL.encode()
    castle = Word(0, 6, "castl")
    assert search(utf8, castle, 10, len(utf8)) == [utf8.index(b"castled"), utf8.rindex(b"castle")]
    assert search(utf8, castle, 10, 20) == []


@pytest.mark.parametrize("text", ["", " ", "  ", " a ", " a" * 5_000 + " "])
def test_there_may_be_no_words(text: str) -> None:
    """Or none that anybody looks for."""
    assert list(WordPlaces(text.encode()).of(Word(0, 5, "tower"))) == []
