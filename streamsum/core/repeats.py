"""Nearly the same bullet again, and text that goes round and round.

A repeat has no word of its own: what it has more or less than the other is little, and nothing stands in the place of
something else. "Profit rose" and "profit fell", "sold in Spain" and "sold in Italy" differ in one word and say
different things; a bullet that adds a clause says something new. In doubt it is none: what is let pass is read twice,
what is rejected is lost.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import product

from rapidfuzz import fuzz

from streamsum.core.contrast import PASSIVE, is_negated, oppose
from streamsum.core.folding import fold
from streamsum.core.languages import guess, stop_words
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.words import tokens, words

# Per cent of token-set similarity: far below what a repeat has. Spares the others a closer look.
_WORTH_A_LOOK = 70
# As many words have a repeat's and its original's in common, where there are so many: not in scripts without spaces.
_MANY_WORDS, _SHARED = 8, 0.5
# Of the words of the longer one, how many it may have that the shorter has not.
_MORE = 0.25
# With fewer words that mean anything, "One fact." and "Another fact." would be the same.
_FEWEST_WORDS = 3
# Per cent of the letters: "organised" and "organized".
_SAME_WORD = 85

# A loop is looked for at fixed places only, so that the answer does not depend on how a text arrived.
_STEP = 16
_TURNS = 3
_LONGEST_TURN = 400
_LEAST_BYTES = 96  # in UTF-8, so that in Chinese a phrase needs fewer characters; longer than any row of dots
_NEEDLE = 16
_DIGIT = re.compile(r"\d")
_TRIES = 4  # a phrase may have its own last characters more than once in it


class Standing:
    """The lines so far, which are not to be said again. Each is taken apart once, and compared with all that follow."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.lines: list[str] = []
        self._folded: list[tuple[str, frozenset[str]]] = []
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        """One more."""
        self.lines.append(line)
        self._folded.append(_folded(line))

    def says(self, line: str) -> bool:
        """Is `line` one of them, or says one nearly the same, with the same numbers?"""
        if line in self.lines:
            return True
        folded = _folded(line)
        alike = [each for each, other in zip(self.lines, self._folded, strict=True) if _look_alike(folded, other)]
        stops = stop_words(guess(line) or "en") if alike else frozenset()
        return any(_say_the_same(line, each, stops) for each in alike)


def loops(text: str, *, since: int = 0) -> bool:
    """Does some phrase of `text` come over and over? Once it is so, it is so for every longer text.

    Who has asked for the first `since` characters of the same text need not pay for them again.
    """
    first = (since // _STEP + 1) * _STEP
    return any(_turns_before(text, end) for end in range(first, len(text) + 1, _STEP))


def _folded(line: str) -> tuple[str, frozenset[str]]:
    folded = fold(line)
    return folded, frozenset(folded.split())


def _look_alike(one: tuple[str, frozenset[str]], other: tuple[str, frozenset[str]]) -> bool:
    """Are they worth a closer look? Which words they share is known sooner than how similar their letters are."""
    fewest = min(len(one[1]), len(other[1]))
    if fewest >= _MANY_WORDS and len(one[1] & other[1]) < _SHARED * fewest:
        return False
    return fuzz.token_set_ratio(one[0], other[0]) >= _WORTH_A_LOOK


def _say_the_same(one: str, other: str, stops: Collection[str]) -> bool:
    numbers, other_numbers = numbers_in(one), numbers_in(other)
    ones = Counter(tokens(_without(numbers, one), stops))
    others = Counter(tokens(_without(other_numbers, other), stops))
    more, less = _unmatched(ones - others, others - ones)
    too_short = min(ones.total(), others.total()) < _FEWEST_WORDS
    if too_short or (more and less) or more + less > _MORE * max(ones.total(), others.total()):
        return fold(one).split() == fold(other).split() != []
    return _are_equal(numbers, other_numbers) and _have_one_sense(one, other)


def _without(numbers: Iterable[Number], text: str) -> str:
    for number in numbers:
        text = text[: number.start] + " " * (number.end - number.start) + text[number.end :]
    return text


def _unmatched(ones: Counter[str], others: Counter[str]) -> tuple[int, int]:
    """How many words each has alone, but for those that are only spelt in another way: no "A320" is an "A330"."""
    for word, like in product(list(ones), list(others)):
        if fuzz.ratio(word, like) >= _SAME_WORD and not _DIGIT.search(word + like):
            both = min(ones[word], others[like])
            ones[word] -= both
            others[like] -= both
    return ones.total(), others.total()


def _are_equal(ones: Collection[Number], others: Collection[Number]) -> bool:
    values, other_values = ({value for each in some for value in each.grounds()} for some in (ones, others))
    return all(each.holds(other_values) for each in ones) and all(each.holds(values) for each in others)


def _have_one_sense(one: str, other: str) -> bool:
    """Neither negates or turns around what the other says, nor exchanges its names."""
    ones, others = set(fold(one).split()), set(fold(other).split())
    if is_negated(ones) != is_negated(others) or oppose(ones, others):
        return False
    names, other_names = _names(one), _names(other)
    order, other_order = (
        [each for each in names if each in other_names],
        [each for each in other_names if each in names],
    )
    return order == other_order or bool(ones & PASSIVE) != bool(others & PASSIVE)


def _names(text: str) -> list[str]:
    return [word.stem for word in words(text) if word.capital]


def _turns_before(text: str, end: int) -> bool:
    """Does `text[:end]` end in the same phrase, several times?"""
    window = text[max(0, end - _LONGEST_TURN * _TURNS) : end]
    needle, at = window[-_NEEDLE:], len(window) - _NEEDLE
    for _ in range(_TRIES):
        at = window.rfind(needle, 0, max(0, at) + _NEEDLE - 1)
        if at < 0:
            return False
        if _is_turn(window, len(window) - _NEEDLE - at):
            return True
    return False


def _is_turn(window: str, turn: int) -> bool:
    """Does `window` end in its last `turn` characters, over and over?"""
    turns = max(_TURNS, -(-_LEAST_BYTES // len(window[-turn:].encode("utf-8", "surrogatepass"))))
    stretch = turn * turns
    return stretch <= len(window) and window[-stretch:-turn] == window[-stretch + turn :]
