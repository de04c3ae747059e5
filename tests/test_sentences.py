"""core/sentences.py: where the sentences of a text begin and end."""

import pytest

from streamsum.core.sentences import MAX_CHARS, sentences


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["It was lit in 1698.", "A storm took it."],
        ["Was it lit?", "It was!", '"It was lit," he said.', "(So it was.)", "And then?"],
        ["Mr. Smith met Dr. A. B. Jones at St. Mary's.", "They talked, e.g. of ships."],
        ["He died, aged 85.", "In France nobody knew."],
        ["Am 1. Juni 2016 war es so weit.", "Alle kamen."],
        ["The rate is 3.5 per cent at www.example.org now.", "It rose..."],
        ["東京に行ったのだ。", "「これが船だ。」", "それは大きい！"],
        ["वह यहाँ है।", "वह वहाँ है।"],
    ],
)
def test_sentences_end_where_a_reader_says(expected: list[str]) -> None:
    """Not at abbreviations, initials, ordinals, decimals."""
    assert said(("" if not expected[0].isascii() and expected[0][-1] == "。" else " ").join(expected)) == expected


def test_lines_of_a_list_are_sentences() -> None:
    """And paragraphs; but not the lines of a text that was wrapped. An item keeps its number."""
    text = "Minutes\n\n1. Those present\n2. The playground: it was\nclosed.\n- one more item\n* and another"
    assert said(text) == [
        "Minutes",
        "1. Those present",
        "2. The playground: it was\nclosed.",
        "- one more item",
        "* and another",
    ]


def test_what_is_too_long_is_cut_at_white_space() -> None:
    """So that evidence fits on a screen."""
    text = "word " * 1_000
    pieces = said(text)
    assert max(map(len, pieces)) <= MAX_CHARS
    assert " ".join(pieces).split() == text.split()


def test_a_cut_goes_through_no_visible_character() -> None:
    """A mark stays with the letter before it."""
    text = "a" * (MAX_CHARS - 1) + "e\u0301" + "b" * 20
    assert said(text)[0] == "a" * (MAX_CHARS - 1) or said(text)[0].endswith("e\u0301")
    assert not any(piece[0] == "\u0301" for piece in said(text + "\u0301" * 3))


@pytest.mark.parametrize("blank", ["\n" * 40, " \n\n\t" * 10])
def test_blank_lines_are_none(blank: str) -> None:
    """Before the first, and between two."""
    assert said(f"{blank}It was lit.{blank}A storm took it.{blank}") == ["It was lit.", "A storm took it."]


def test_nothing_has_no_sentences() -> None:
    """Nor has white space."""
    assert said("") == said(" \n\n \t ") == []


def test_very_short_ones_go_with_the_next() -> None:
    """A million full stops are no million sentences."""
    assert len(said("a. " * 1_000)) <= 500
