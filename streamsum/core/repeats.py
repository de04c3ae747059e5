"""Nearly the same bullet again, and text that goes round and round."""

import re
from collections.abc import Collection

from rapidfuzz import fuzz

_ALIKE = 90.0
_DIGITS = re.compile(r"\d+")
# A stretch is looked for at fixed places only, so that the answer does not depend on how a text arrived.
_STEP = 64
_LONGEST_TURN = 400
_TURNS = 3
_LEAST = 96


def is_repeat(bullet: str, standing: Collection[str]) -> bool:
    """Does one of `standing` say nearly the same, with the same numbers?"""
    if not re.search(r"\w", bullet):
        return False
    digits, words = _DIGITS.findall(bullet), bullet.casefold()
    return any(
        digits == _DIGITS.findall(each) and fuzz.token_set_ratio(words, each.casefold()) >= _ALIKE for each in standing
    )


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
