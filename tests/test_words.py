"""core/words.py: words are compared by their beginnings; characters by pairs where there are no spaces."""

import pytest

from streamsum.core.words import stem, tokens, words


def finds(one: str, other: str) -> bool:
    """Would `one`, of a bullet, be found in `other`, of a source?"""
    (word,) = words(one)
    return other.startswith(word.stem) and word.goes_on(other[len(word.stem) :])


@pytest.mark.parametrize(
    "forms",
    [
        "call calls calling called",
        "stop stopped stopping",
        "family families",
        "die died dies",
        "nation nations national nationals",
        "notice noticed notices",
        "employ employs employed employment",
        "calculation calculate calculating",
        "quick quickly",
    ],
)
def test_forms_of_a_word_find_each_other(forms: str) -> None:
    """By a common beginning, and endings that such words have."""
    for one in forms.split():
        assert all(finds(one, other) for other in forms.split())


@pytest.mark.parametrize(
    ("one", "other"), [("for", "forty"), ("win", "window"), ("lamp", "lamprey"), ("red", "reduce")]
)
def test_other_words_are_not_found(one: str, other: str) -> None:
    """Though they begin alike."""
    assert not finds(one, other)


def test_a_long_beginning_tells_enough() -> None:
    """Whatever comes after it."""
    assert finds("paralysed", "paralysis")


def test_words_know_where_they_are() -> None:
    """And whether they have a capital; numbers and marks are none."""
    found = [(word.start, word.end, word.capital) for word in words("The 3 Érables burnt.")]
    assert found == [(0, 3, True), (6, 13, True), (14, 19, False)]


def test_without_spaces_each_pair_of_characters_is_a_word() -> None:
    """But not one that only does the work of grammar; a character alone is one."""
    assert [word.stem for word in words("東京から船で")] == ["東京", "京か", "ら船", "船で"]
    assert [word.stem for word in words("島 x")] == ["島", "x"]


def test_tokens_are_what_carries_something() -> None:
    """Without the small words; of scripts without spaces the single characters."""
    assert tokens("The towers of Plymouth", frozenset({"the", "of"})) == ["tow", "plymouth"]
    assert tokens("東京の船", frozenset()) == ["東", "京", "船"]


def test_a_stem_is_left_long_enough() -> None:
    """ "King" is no form of "k"."""
    assert [stem(word) for word in ("king", "bed", "nation", "only")] == ["king", "bed", "nation", "onl"]


def test_words_are_the_same_among_other_characters() -> None:
    """Where all is ASCII, they are found in another way."""
    text = "  The 4th of 3the mid-1980s, the 2 x9s: don't 007 H2O\nstopped A\t"
    small = frozenset({"the", "of", "t"})
    found = list(words(text, stop_words=small))
    assert [word.stem for word in found] == ["th", "mid", "s", "x9s", "don", "h2o", "stop", "a"]
    assert [text[word.start : word.end].lower() for word in found][:4] == ["th", "mid", "s", "x9s"]
    assert list(words(f"{text}é", stop_words=small))[:-1] == found
