"""core/source_index.py: where sentences, words and numbers stand in a source."""

import sys

import pytest

from streamsum.core.source_index import MOST_NUMBERS, SourceIndex
from streamsum.core.word_places import MOST_PLACES, WordPlaces
from streamsum.core.words import Word, words


def word(text: str) -> Word:
    (found,) = words(text)
    return found


def sentences_with(text: str, index: SourceIndex) -> list[int]:
    return list(index.where(word(text)))


SOURCE = "Été in Béziers.\n\nThe canals were dug – by 12,000 men – in 1666. A canal, the “canal”! 東京の船。"


def test_words_are_found_in_every_form_and_with_their_sentences() -> None:
    """Characters of any width before them."""
    index = SourceIndex(SOURCE)
    assert sentences_with("canal", index) == [1, 2]
    assert sentences_with("beziers", index) == [0]
    assert sentences_with("東京", index) == [3]
    assert sentences_with("harbour", index) == []
    assert sentences_with("dig", index) == []


def test_a_word_is_found_in_one_sentence() -> None:
    """Though it may stand in others."""
    index = SourceIndex(SOURCE)
    assert index.place_in(1, word("canal")) is not None
    assert index.place_in(0, word("canal")) is None
    assert index.place_in(3, word("東京")) is not None
    assert index.words_of(2) == ["a", "canal", "the", "canal"]


def test_numbers_are_found_by_their_value() -> None:
    """Where they end, in characters of the text."""
    index = SourceIndex(SOURCE)
    (end,) = index.number_ends("12000")
    assert SOURCE[:end].endswith("12,000")
    assert index.sentence_of_character(end - 1) == 1
    assert index.number_ends("1660s")
    assert index.number_ends("13000") == []


def test_the_items_of_a_list_are_no_numbers() -> None:
    """But what is in them is."""
    index = SourceIndex("1. Minutes of 7 June.\n2. Apologies.\n3) Nothing.\nOnly 4. Four is 4 in 5.\n1666. It began.")
    assert [bool(index.number_ends(value)) for value in ("1", "2", "3", "7", "4", "5", "1666")] == [
        *(False, False, False),
        *(True, True, True, True),
    ]


def test_only_the_first_of_many_places_are_looked_at() -> None:
    """Of a word, and of a number."""
    index = SourceIndex("The tower 7 stood. " * 1_000)
    assert len(index.where(word("tower"))) == MOST_PLACES
    assert len(index.number_ends("7")) == MOST_PLACES
    assert len(SourceIndex("towerless " * 1_000).where(word("towers"))) == 0


def test_a_table_of_very_many_numbers_is_not_indexed_to_its_end() -> None:
    """And says so."""
    index = SourceIndex("1 " * (MOST_NUMBERS + 10) + "99")
    assert index.overflows
    assert not index.number_ends("99")


def test_it_takes_little_more_than_the_text() -> None:
    """As it lives as long as its summary: a source of 10 KB has 20 KiB at most, in any script."""
    prose = "In 1698 the keeper of the light wrote down what ships went by in that night, and there were 12 of them. "
    for text in (prose * 100, "東海道新幹線は1964年に開業した。" * 220, "\U0001f600" + prose * 100):
        index, slots = SourceIndex(text[: 10_000 if text.isascii() else None]), SourceIndex.__slots__
        held = [getattr(index, name) for name in slots]
        held += [
            getattr(held[slots.index("_words")], name) for name in WordPlaces.__slots__ if name != "_utf8"
        ]  # that is the same
        assert sum(map(sys.getsizeof, held)) < 20 * 1024


@pytest.mark.parametrize("text", ["", " \n ", "😀", "…"])
def test_there_may_be_nothing_to_index(text: str) -> None:
    """No sentences, or none with words."""
    index = SourceIndex(text)
    assert len(index) <= 1
    assert index.where(word("tower")) == {}
