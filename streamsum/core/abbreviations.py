"""Names that are written out in one text and as their initials in another: "World Health Organization" and "WHO"."""

import re
from collections.abc import Iterable, Iterator

_UPPER = "A-ZÀ-ÖØ-ÞΑ-ΩА-Я"
_SMALL = "of|and|for|the|de|des|du|la|les|el|los|della|do|da|und|der|für|van|y|et|e"
_LETTERS = range(2, 8)  # of an abbreviation
# A name is written out where it is first used, and to look through a megabyte for it takes a tenth of a second.
_MOST_CHARS = 50_000
_MOST_PLACES = 100  # of initials, most of them in other words, that are looked at
# Words with capitals in a row, small words between them.
_LONG = re.compile(rf"\b[{_UPPER}]\w++(?:[\s-]++(?:(?:{_SMALL})\s++){{0,2}}[{_UPPER}]\w++)+")
_INITIAL = re.compile(rf"\b[{_UPPER}]")


def long_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Each name of two words or more: its start, its end, its initials."""
    for found in _LONG.finditer(text):
        yield found.start(), found.end(), "".join(_INITIAL.findall(found[0]))


def short_for_some(names: Iterable[str], text: str) -> set[str]:
    """Those of `names` that are the initials of a long name of `text`, or of one in its first pages; "US" is "U.S."."""
    short = {name for name in names if len(name) in _LETTERS and name.isupper()}
    if not short:
        return short
    initials = "\n".join(each for _, _, each in long_names(text[:_MOST_CHARS]))
    return {name for name in short if name in initials or f"{'.'.join(name)}." in text}


def has_short(initials: str, text: str) -> bool:
    """Has `text` these as a word? The first may be that of "The"."""
    return any(len(short) in _LETTERS and _has_word(text, short) for short in (initials, initials[1:]))


def _has_word(text: str, word: str) -> bool:
    end = 0
    for _ in range(_MOST_PLACES):
        if (at := text.find(word, end)) < 0:
            break
        end = at + len(word)
        if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
            return True
    return False
