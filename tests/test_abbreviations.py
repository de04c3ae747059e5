"""core/abbreviations.py: a name in full, and its initials, are one name."""

import pytest

from streamsum.core.abbreviations import has_short, long_names, short_for_some
from streamsum.core.evidence import Evidence
from streamsum.core.source import Source


@pytest.mark.parametrize(
    ("text", "initials"),
    [
        ("The World Health Organization met in Geneva on Monday.", ["TWHO"]),
        ("the Department of Defense and the Bank of England", ["DDBE"]),
        ("in Europe nobody of the Swiss National\nBank spoke.", ["SNB"]),
        ("nothing Here is a name", []),
    ],
)
def test_long_names_have_initials(text: str, initials: list[str]) -> None:
    """Small words between them count for nothing."""
    assert [each for _, _, each in long_names(text)] == initials


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("WHO", "The World Health Organization. The Swiss National Bank.", True),
        ("SNB", "The World Health Organization. The Swiss National Bank.", True),
        ("HOT", "The World Health Organization. The Swiss National Bank.", False),
        ("Who", "The World Health Organization.", False),
        ("W", "The World Health Organization.", False),
        ("WHO", "So it went on. " * 4_000 + "The World Health Organization.", False),
        ("US", "in the U.S. Senate", True),
        ("UK", "in the U.S. Senate", False),
    ],
)
def test_initials_stand_for_a_name(name: str, text: str, known: bool) -> None:
    """In a row, in capitals, two at least; of a name in the first pages."""
    assert short_for_some([name], text) == ({name} if known else set())


@pytest.mark.parametrize(
    ("initials", "text", "has"),
    [
        ("WHO", "said the WHO on Monday", True),
        ("TWHO", "WHO", True),
        ("WHO", "WHOM and AWHO, then WHO.", True),
        ("WHO", "WHOM", False),
        ("TH", "H", False),
    ],
)
def test_a_text_has_initials_as_a_word(initials: str, text: str, has: bool) -> None:
    """Those of "The" may be missing."""
    assert has_short(initials, text) is has


@pytest.mark.parametrize(
    ("source", "bullet"),
    [
        ("Helen Clark led the World Health Organization panel for two years.", "Clark led a WHO panel for two years."),
        ("Helen Clark led the WHO panel for two years.", "Clark led a World Health Organization panel for two years."),
    ],
)
def test_a_name_in_its_other_form_is_not_unknown(source: str, bullet: str) -> None:
    """And other initials are."""
    assert Evidence(Source(source)).find(bullet).supported
    assert (
        not Evidence(Source(source.replace("WHO", "UN").replace("World Health", "Free Trade"))).find(bullet).supported
    )


def test_initials_that_are_everywhere_in_other_words_are_not_looked_for_to_the_end() -> None:
    """They would be no name."""
    assert not has_short("AB", "ABX" * 1_000 + " AB")
