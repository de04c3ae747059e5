"""Names that are written out in one text and as their initials in another: "World Health Organization" and "WHO"."""

import re
from collections.abc import Iterator

_UPPER = "A-ZÀ-ÖØ-ÞΑ-ΩА-Я"
_SMALL = "of|and|for|the|de|des|du|la|les|el|los|della|do|da|und|der|für|van|y|et|e"
_LETTERS = range(2, 8)  # of an abbreviation
# Words with capitals in a row, small words between them.
_LONG = re.compile(rf"\b[{_UPPER}]\w++(?:[\s-]++(?:(?:{_SMALL})\s+){{0,2}}[{_UPPER}]\w++)+")
_INITIAL = re.compile(rf"\b[{_UPPER}]")


def long_names(text: str) -> Iterator[tuple[int, int, str]]:
    """Each name of two words or more: its start, its end, its initials."""
    for found in _LONG.finditer(text):
        yield found.start(), found.end(), "".join(_INITIAL.findall(found[0]))


def is_short_for(name: str, initials: str, text: str) -> bool:
    """Do the initials of a long name of `text` make `name`? "US" is also that of "U.S."; `initials` has one a line."""
    if len(name) not in _LETTERS or not name.isupper():
        return False
    return name in initials or f"{'.'.join(name)}." in text


def has_short(initials: str, text: str) -> bool:
    """Has `text` these as a word? The first may be that of "The"."""
    return any(len(short) in _LETTERS and _has_word(text, short) for short in (initials, initials[1:]))


def _has_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
            return True
        at = text.find(word, end)
    return False
