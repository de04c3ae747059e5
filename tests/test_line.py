"""core/line.py: what a line is made of."""

from streamsum.core.languages import stop_words
from streamsum.core.line import Line


def test_a_line_is_taken_apart() -> None:
    """Its words folded, its numbers as values, its names."""
    line = Line("The Tower was lit in 1759, with twenty-four candles.")
    assert line.folded == "the tower was lit in 1759  with twenty four candles "
    assert line.pieces == ["the", "tower", "was", "lit", "in", "1759", "with", "twenty", "four", "candles"]
    assert line.vocabulary == set(line.pieces)
    assert [(line.text[each.start : each.end]) for each in line.numbers] == ["1759", "twenty-four"]
    assert line.values >= {"1759", "24"}
    assert line.names == ["the", "tow"]
    assert line.stop_words is stop_words("en")


def test_words_are_counted_without_numbers_and_without_what_carries_nothing() -> None:
    """The latter is what the other line's language says."""
    line = Line("The tower, the Tower, and 24 towers of Bern")
    assert line.tokens(stop_words("en")) == {"tow": 3, "bern": 1}
    assert line.tokens(frozenset()) == {"the": 2, "tow": 3, "and": 1, "of": 1, "bern": 1}
    assert line.tokens(stop_words("en")) == {"tow": 3, "bern": 1}
