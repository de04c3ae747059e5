"""core/quotes.py: where a quotation stands in a source."""

import pytest

from streamsum.core.quotes import look_up
from streamsum.core.source_index import SourceIndex

SOURCE = (
    "The first tower was built of wood. Winstanley – a “merchant” – was so sure of his work that he wished to be "
    "inside\nit during the   greatest storm there ever was. It was lit in November 1698. The café at the foot of it "
    "sold straße maps, and its owner's name was Béla. "
) + "Nothing else was ever heard of it in the town. " * 20


def found(quote: str, source: str = SOURCE) -> tuple[str, str] | None:
    place = look_up(quote, source, SourceIndex(source))
    return (source[place.start : place.end], place.match) if place else None


@pytest.mark.parametrize(
    ("quote", "there"),
    [
        ("built of wood", "built of wood"),
        (' "built of wood" ', "built of wood"),
        ("BUILT OF WOOD", "built of wood"),
        ('Winstanley - a "merchant" - was', "Winstanley – a “merchant” – was"),
        ("inside it during the greatest storm", "inside\nit during the   greatest storm"),
        ("the cafe\u0301 at the foot", "The café at the foot"),
        ("sold STRASSE maps", "sold straße maps"),
        ("its owner’s name was be\u0301la", "its owner's name was Béla"),
    ],
)
def test_a_quotation_is_found_however_it_is_spelt(quote: str, there: str) -> None:
    """And what is pointed at is the source's own text."""
    assert found(quote) == (there, "verbatim")


@pytest.mark.parametrize(
    ("quote", "there"),
    [
        ("so sure of his work that he wanted to be inside it", "so sure of his work that he wished to be inside\nit"),
        ("it was lit on November 1698", "It was lit in November 1698"),
        ("so sure of his work that he wishd to be", "so sure of his work that he wished to be"),
    ],
)
def test_a_quotation_may_be_nearly_right(quote: str, there: str) -> None:
    """Whole words of the source, then; a score that says how near."""
    place = look_up(quote, SOURCE, SourceIndex(SOURCE))
    assert place is not None
    assert (SOURCE[place.start : place.end], place.match) == (there, "close")
    assert 0.9 <= place.score < 1


@pytest.mark.parametrize(
    "quote",
    [
        "a ship of fools sailed by",
        "it was lit in November 1699",
        "lit in Decembr",
        "of it the",
        "",
        "“”",
        "heard of it in the town " * 40,
    ],
)
def test_what_is_not_there_is_not_found(quote: str) -> None:
    """Other words; other digits; small words alone, which stand anywhere; far too many."""
    assert found(quote) is None


def test_a_quotation_longer_than_its_source_is_not_found() -> None:
    """Though it has all of it."""
    assert found("The tower was built of wood and more", "The tower was wood") is None


def test_quotations_are_found_without_spaces() -> None:
    """As any other."""
    source = "東海道新幹線は1964年10月1日、東京オリンピックの開幕の九日前に開業した。次の文。"
    assert found("東京オリンピックの開幕", source) == ("東京オリンピックの開幕", "verbatim")
