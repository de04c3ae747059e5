"""core/thesaurus.py: English words that can mean nearly the same."""

from importlib.resources import files

import pytest

from streamsum.core.thesaurus import Senses, entries
from streamsum.core.words import stem


def related(one: str, other: str) -> bool:
    return Senses.of([stem(one)]).meet(stem(other))


@pytest.mark.parametrize(
    ("one", "other"), [("blaze", "fire"), ("bought", "acquire"), ("calculation", "computing"), ("register", "list")]
)
def test_words_of_one_meaning_are_related(one: str, other: str) -> None:
    """Either way round; one may be the wider word."""
    assert related(one, other)
    assert related(other, one)


@pytest.mark.parametrize(("one", "other"), [("tower", "sea"), ("zzyzx", "tower"), ("zzyzx", "zzyzx")])
def test_other_words_are_not(one: str, other: str) -> None:
    """Nor what is no word."""
    assert not related(one, other)


def test_the_licence_is_with_the_words() -> None:
    """As it asks for; and no line of it is taken for a word."""
    text = files("streamsum.core").joinpath("thesaurus.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in text
    assert "#" not in "".join(entries())
