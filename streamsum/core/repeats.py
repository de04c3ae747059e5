"""Nearly the same bullet again, and text that goes round and round."""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from rapidfuzz import fuzz

_ALIKE = 90.0
# Texts of so many words are not alike in other words than these. Shorter ones, and those of scripts without spaces, are
# compared at once.
_MANY_WORDS, _SHARED = 8, 0.5
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w")
# A stretch is looked for at fixed places only, so that the answer does not depend on how a text arrived.
_STEP = 64
_LONGEST_TURN = 400
_TURNS = 3
_LEAST = 96


class _Apart(NamedTuple):
    """A text, taken apart to be compared."""

    digits: list[str]
    folded: str
    words: frozenset[str]

    @classmethod
    def of(cls, line: str) -> Self:
        folded = line.casefold()
        return cls(_DIGITS.findall(line), folded, frozenset(folded.split()))

    def is_like(self, other: Self) -> bool:
        """Nearly the same, with the same numbers. What shares few of its words is not compared letter by letter."""
        if self.digits != other.digits:
            return False
        fewest = min(len(self.words), len(other.words))
        if fewest >= _MANY_WORDS and len(self.words & other.words) < fewest * _SHARED:
            return False
        return fuzz.token_set_ratio(self.folded, other.folded) >= _ALIKE


class Standing:
    """The lines so far, which are not to be said again. Each is taken apart once, and compared with all that follow."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.lines: list[str] = []
        self._apart: list[_Apart] = []
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        """One more."""
        self.lines.append(line)
        self._apart.append(_Apart.of(line))

    def says(self, line: str) -> bool:
        """Is `line` one of them, or nearly?"""
        if line in self.lines:
            return True
        if not _WORD.search(line):
            return False
        apart = _Apart.of(line)
        return any(map(apart.is_like, self._apart))


def loops(text: str, *, since: int = 0) -> bool:
    """Does some phrase of `text` come over and over? Any cutting gives the same: once so, so for all that follows.

    Who has asked for the first `since` characters of the same text need not pay for them again.
    """
    first = (since // _STEP + 1) * _STEP
    return any(_turns_before(text, end) for end in range(first, len(text) + 1, _STEP))


def _turns_before(text: str, end: int) -> bool:
    window = text[max(0, end - _LONGEST_TURN * _TURNS) : end]
    needle = window[-16:]
    at = window.rfind(needle, 0, -1)
    if at < 0:
        return False
    turn = len(window) - 16 - at
    stretch = max(_LEAST, turn * _TURNS)
    return len(window) >= stretch and window[-stretch:-turn] == window[-stretch + turn :]
