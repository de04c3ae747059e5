"""core/number_check.py and number_company.py: every number stands in the source, where the claim is from."""

import pytest

from streamsum.core.claim import read
from streamsum.core.number_check import stand_somewhere, stand_there
from streamsum.core.source_index import MOST_NUMBERS, SourceIndex
from streamsum.core.support import Search

SOURCE = """
Apollo 13 was launched on 11 April 1970 with three men on board. The rate fell to 4.5 percent, from 1.7 billion kroner
of debt. Bake the loaf at 240 °C for fifteen minutes, then at 200 °C for another 40. Karin Dahl baked it for thirty
years. Temperatures reached -12 °C. Of 32 starters only 14 finished. Hungary lost 3–2 on 4 July 1954. The clerk keeps
a list of 17 allotments.
"""


def holds(bullet: str, source: str = SOURCE) -> bool:
    index = SourceIndex(source)
    claim = read(bullet, index.language)
    search = Search(index, claim)
    best = search.best()
    somewhere = stand_somewhere(claim, index, source, same_language=True)
    return somewhere and (best is None or stand_there(search, best.sentences, source))


@pytest.mark.parametrize(
    "bullet",
    [
        "Apollo 13 was launched on 11 April 1970.",
        "Apollo 13 flew in the 1970s.",
        "The rate fell to 4.5%, from debt of 1,700,000,000 kroner.",
        "Bake the loaf for 15 minutes at 240 °C, then for 40 at 200 °C.",
        "Karin Dahl baked it for 30 years.",
        "It was 12 °C below zero.",
        "Fourteen of thirty-two starters finished.",
        "Hungary lost 3-2 on 4 July 1954.",
        "One of the first men on board was three metres tall.",
        "Only 14 starters finished, and the clerk keeps a list of 17 allotments.",
        "The clerk keeps a list of 17 allotments, and the loaf bakes at 240 °C where Apollo 13 was launched in 1970.",
        "Nothing is counted here.",
    ],
)
def test_numbers_of_the_source_hold(bullet: str) -> None:
    """In any form, and from more than one sentence."""
    assert holds(bullet)


@pytest.mark.parametrize(
    "bullet",
    [
        "Apollo 13 was launched on 12 April 1970.",
        "Apollo 13 was launched on 13 April 1970.",
        "The rate fell to 5.4 percent.",
        "The rate fell from 1.7 million kroner of debt.",
        "Karin Dahl baked it for forty years.",
        "Hungary lost 4–2 on 4 July 1954.",
        "Of 14 starters only 32 finished.",
        "The clerk keeps a list of 32 allotments.",
        "Temperatures reached 17 °C.",
    ],
)
def test_others_do_not(bullet: str) -> None:
    """Nor those that are of something else there."""
    assert not holds(bullet)


def somewhere(bullet: str, source: str, language: str) -> bool:
    index = SourceIndex(source)
    return stand_somewhere(read(bullet, language), index, source, same_language=False)


def test_in_another_language_digits_are_checked() -> None:
    """With words for scales that are known, or may be those of the source; number words where they are known."""
    assert somewhere("Zwölf Männer schuldeten 1,7 Milliarden am 11. April", SOURCE + " Of 12 men.", "de")
    assert somewhere("Skulden var 1,7 miljarder", SOURCE, "")
    assert not somewhere("Skulden var 1,8 miljarder", SOURCE, "")
    assert not somewhere("Am 12. April 1971", SOURCE, "de")
    assert not somewhere("kl. 7:31", SOURCE, "")


def test_behind_what_is_indexed_the_digits_are_enough() -> None:
    """Of a table that is longer than any text."""
    source = "1 " * MOST_NUMBERS + "and 4711 in the end."
    index = SourceIndex(source)
    assert stand_somewhere(read("It was 4711 in the end.", "en"), index, source, same_language=True)
    assert not stand_somewhere(read("It was 4712 in the end.", "en"), index, source, same_language=True)
