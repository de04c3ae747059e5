"""The company that a number keeps: the words right before and behind it tell what it counts.

"Baked at 240 °C, then at 200" does not support "baked at 200 °C, then at 240".
"""

from collections.abc import Iterable
from typing import NamedTuple

from streamsum.core.languages import stop_words
from streamsum.core.numbers import Number

# Characters of context that hold two words on each side, and letters by which words are compared.
CONTEXT, _LETTERS = 40, 6
# What the same word counts: right behind the number, where its unit stands; right before; second behind; only near.
_BEHIND, _BEFORE, _SECOND, _NEAR = 1.5, 1.0, 0.5, 0.6
# A small word, or another number, tells half as much.
_SMALL = 0.5
# By how much another number of the source must be in more like company. On tests/evidence/tuning one faithful number in
# a hundred is beyond it, and of the numbers put in another one's place in the same sentence nearly half.
_MUCH = 1.5


class Company(NamedTuple):
    """A number, and the words on either side, the nearest first."""

    number: Number
    before: list[str]
    behind: list[str]

    def likeness(self, other: "Company", small: frozenset[str]) -> float:
        """How alike the company of `other` is."""
        behind = _likeness(self.behind, other.behind, _BEHIND, small)
        second = _SECOND * _weight(self.behind[1], small) if self.behind[1:2] == other.behind[1:2] != [] else 0.0
        return behind + second + _likeness(self.before, other.before, _BEFORE, small)

    def can_be_elsewhere(self, seen: Iterable[str], language: str | None) -> bool:
        """Could `stands_elsewhere` be true? To ask costs less than to read which numbers a source has.

        `seen` is what follows the same number there, folded, wherever that is known.
        """
        small = stop_words(language)
        second = _SECOND * _weight(self.behind[1], small) if self.behind[1:] else 0.0
        most = _most(self.behind, _BEHIND, small) + second + _most(self.before, _BEFORE, small)
        if most < _MUCH:
            return False
        known = (self.likeness(Company(self.number, [], _nearest(behind.split())), small) for behind in seen)
        return most - max(known, default=0.0) >= _MUCH


def companies(numbers: Iterable[Number], folded: str) -> list[Company]:
    """Those of the `numbers` of a text, which is `folded`."""
    return [_company(number, folded) for number in numbers if number.counts]


def stands_elsewhere(number: Company, source: list[Company], language: str | None) -> bool:
    """Is another number of the source, rather than the same one, in the place that `number` has in its claim?"""
    small = stop_words(language)
    same = [each for each in source if number.number.holds(set(each.number.grounds()))]
    others = [each for each in source if each not in same]
    if not same or not others:
        return False
    best = max(number.likeness(each, small) for each in same)
    return max(number.likeness(each, small) for each in others) - best >= _MUCH


def _company(number: Number, folded: str) -> Company:
    before = folded[max(0, number.start - CONTEXT) : number.start].split()
    behind = folded[number.end : number.end + CONTEXT].split()
    return Company(number, _nearest(before[::-1]), _nearest(behind))


def _nearest(words: list[str]) -> list[str]:
    return [word[:_LETTERS] for word in words[:2]]


def _likeness(ones: list[str], others: list[str], first: float, small: frozenset[str]) -> float:
    if ones and others and ones[0] == others[0]:
        return first * _weight(ones[0], small)
    return sum(_NEAR * _weight(word, small) for word in set(ones) & set(others))


def _most(words: list[str], first: float, small: frozenset[str]) -> float:
    """What `_likeness` can be at most."""
    weights = [_weight(word, small) for word in words]
    return max(first * weights[0], _NEAR * sum(weights)) if weights else 0.0


def _weight(word: str, small: frozenset[str]) -> float:
    return _SMALL if word in small or word.isdigit() else 1.0
