"""core/line.py: what a line is made of."""

from hypothesis import given
from hypothesis import strategies as st

from streamsum.core.languages import stop_words
from streamsum.core.line import Line, Marks

WORDS = st.sets(st.text(max_size=3) | st.integers(0, 3000).map(str), max_size=300)


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


@given(WORDS, WORDS)
def test_marks_never_tell_of_fewer_common_words_than_there_are(ones: set[str], others: set[str]) -> None:
    """Though some words have the same bit."""
    for one, other in ((ones, others), (ones | others, others)):
        marks, other_marks = Marks.of(one), Marks.of(other)
        assert marks.words == len(one)
        assert (marks.bits & other_marks.bits).bit_count() + marks.hidden >= len(one & other)


def test_marks_of_other_words_have_little_in_common() -> None:
    """Else they would spare nothing: of 200 words, as long lines have them, less than a quarter."""
    one, other = (Marks.of({f"{side}{number}" for number in range(200)}) for side in ("a", "b"))
    assert (one.bits & other.bits).bit_count() + one.hidden < 50
