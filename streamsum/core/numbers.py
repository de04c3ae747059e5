"""The numbers in a text, as values: "1,000", "1 000" and "a thousand" are the same.

A number may be read in more than one way, and is held to be any of them: "1.000" is a thousand to some and one to
others, "3 m" three million or three metres. One reading may be of several values, as a date's is, or of none, as that
of "one": it is rarely meant as a number.
"""

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

from streamsum.core.digits import Reading, key
from streamsum.core.folding import fold
from streamsum.core.number_parts import SPACES, Part, Place, places

# What may stand between two parts of one number, and between two numbers of a range.
_GLUE = re.compile(rf"[{SPACES}-]?|[{SPACES}](?:and|y)[{SPACES}]")
_RANGE = re.compile(rf"[{SPACES}]?[-–—~〜～][{SPACES}]?|[{SPACES}](?:to|and|or|bis|und|oder|à|et|ou|a|y|o)[{SPACES}]")
_AND_A_HALF = re.compile(rf"[{SPACES}-]and[{SPACES}-]a[{SPACES}-]")
_FARTHEST = 7  # characters between two numbers, or parts of one, that have to do with each other: " and a "
_AN_HOUR_AND_A = re.compile(r"\ban?\s\w+\sand\sa\s\Z", re.IGNORECASE)
_MINUS = re.compile(r"(?:\A|[^\w)\]%])[-−]\Z")
_MINUS_WORDS = ("minus ", "Minus ", "negative ")
_A = re.compile(r"\b(?:an?|per)\s\Z", re.IGNORECASE)
_S, _S_BEGINS = re.compile(r"['’]?s\b"), ("s", "'", "’")
_CONTEXT = 20  # characters: enough for what is looked for before a number
_ENUMERATION = re.compile(r"\s*\d{1,2}[.)]\s+(?=\D)")
_TENS = range(20, 100, 10)
_YEARS = range(1000, 2100)
_LARGEST = 1e18  # nobody goes on to multiply a larger one


class Number(NamedTuple):
    """A number at `text[start:end]`: any of `readings`, the values of one belonging together."""

    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def counts(self) -> bool:
        """Is it meant as a number, more likely than not?"""
        return () not in self.readings

    def holds(self, values: Collection[str]) -> bool:
        """Is it among `values`, in any reading?"""
        return any(all(value in values for value in reading) for reading in self.readings)

    def grounds(self) -> Iterator[str]:
        """Every value that somebody may name who has read it."""
        for reading in self.readings:
            for value in reading:
                yield value
                if value[0] == "-":  # "12 degrees below zero"
                    yield value[1:]
                elif len(value) == 4 and value[0] in "12" and value.isdecimal():  # a year is of a decade
                    yield f"{value[:3]}0s"


def numbers_in(
    text: str, language: str | None = None, *, folded: str | None = None, most: int | None = None
) -> list[Number]:
    """The numbers of `text`, in order; number words are those of `language`, of English where it is not known.

    `folded` is `fold(text)`, from who has it; `most` is how many parts of numbers of each kind are looked at.
    """
    drafts: list[_Draft] = []
    for place in places(text, fold(text) if folded is None else folded, language, most=most):
        if not (drafts and place[0] - drafts[-1].end <= _FARTHEST and _join(text, drafts[-1], place)):
            drafts.append(_Draft(place))
    for one, other in pairwise(drafts):
        if other.start - one.end <= _FARTHEST and _RANGE.fullmatch(text, one.end, other.start):
            _share(one, other)
    return [number for draft in drafts if (number := _finish(text, draft))]


def enumeration(text: str) -> int:
    """How many characters the number takes that `text` has in a list ("2. "): it counts nothing."""
    found = _ENUMERATION.match(text)
    return found.end() if found else 0


class _Draft:
    """A number that is being put together.

    `_total` is done with, `_current` may still be multiplied; of each there are as many as there are alternatives.
    """

    __slots__ = ("_current", "_total", "end", "factor", "others", "part", "start", "whole")

    def __init__(self, place: Place) -> None:
        self.start, self.end, self.part = place
        self.whole = True  # nothing but its part
        self.others: tuple[Reading, ...] = self.part.others
        self._current = self.part.values
        self.factor = max(self._current) if self.part.kind == "scale" else 1.0
        self._total: tuple[float, ...] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """Alternatives."""
        return tuple(map(sum, zip(self._total, self._current, strict=True))) if self._total else self._current

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All that it may be."""
        return self.part.alone if self.whole else (*((key(value),) for value in self.values), *self.others)

    def takes(self, part: Part, *, glued: bool) -> bool:
        """Can `part` be a smaller part of the same number: "four" after "two hundred", or after "sixty"?"""
        alike = part.kind == self.part.kind or (part.kind == "ones" and self.part.kind == "scale")
        if not alike or len(part.values) != 1 or len(self._current) != 1:
            return False
        (value,) = part.values
        if self.factor > 1:
            return value < self.factor and (part.kind == "ones" or glued)
        return part.kind == "ones" and self._current[0] in _TENS and 0 < value < 10

    def add(self, value: float) -> None:
        """A smaller part."""
        self._current = tuple(current + value for current in self._current)

    def multiply(self, factors: tuple[float, ...]) -> None:
        """A scale; from a thousand on it closes what stands before it."""
        self.factor = max(factors)
        totals = self._total or (0.0,) * len(self._current)
        triples = [(total, now, each) for total, now in zip(totals, self._current, strict=True) for each in factors]
        if self.factor < 1000:
            self._total, self._current = (
                tuple(total for total, _, _ in triples),
                tuple(now * by for _, now, by in triples),
            )
        else:
            self._total = tuple(total + now * by if now else total * by for total, now, by in triples)
            self._current = (0.0,) * len(triples)


def _join(text: str, draft: _Draft, place: Place) -> bool:
    """Is this more of the same number? Then it is in `draft` now."""
    start, end, part = place
    if part.kind == "half" and draft.part.kind == "ones" and _AND_A_HALF.fullmatch(text, draft.end, start):
        draft.add(0.5)
        draft.others = ()
    elif not draft.values or not _is_glue(text, draft, start) or max(draft.values) > _LARGEST:
        return False
    elif part.kind in {"scale", "short", "span"}:
        draft.others = tuple((key(value),) for value in draft.values) if part.kind == "span" else ()
        draft.multiply(part.values)
    elif draft.takes(part, glued=start == draft.end):
        draft.add(part.values[0])
        draft.others = ()
    else:
        return False
    draft.end, draft.whole = end, False
    return True


def _is_glue(text: str, draft: _Draft, start: int) -> bool:
    if _GLUE.fullmatch(text, draft.end, start):
        return True
    return draft.part.kind == "half" and text[draft.end : start] == " a "  # half a million


def _share(one: _Draft, other: _Draft) -> None:
    """Of "1.5 to 1.7 million" the first is in millions, too; of "1970–75" the second is in the same century."""
    if not one.values or not other.values:
        return
    first, second = one.values[0], other.values[0]
    if other.factor >= 1000 and one.factor == 1:
        _also(one, first * other.factor)
    if first in _YEARS and second < 100 and other.part.kind == "digits":
        _also(other, first // 100 * 100 + second)


def _also(draft: _Draft, value: float) -> None:
    draft.others, draft.whole = (*draft.others, (key(value),)), False


def _finish(text: str, draft: _Draft) -> Number | None:
    readings = draft.readings
    if draft.part.kind == "digits":
        readings = _as_written(text, draft, readings)
    elif draft.part.kind != "ones" and draft.whole:
        before = text[max(0, draft.start - _CONTEXT) : draft.start]
        if draft.part.kind == "short" or (draft.part.kind == "span" and not _A.search(before)):
            return None
        if draft.part.kind == "half" and _AN_HOUR_AND_A.search(before):
            readings = (("1.5",),)
    return Number(draft.start, draft.end, readings)


def _as_written(text: str, draft: _Draft, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Digits with a minus, or with an s."""
    if text.startswith(_S_BEGINS, draft.end) and draft.values and _S.match(text, draft.end):
        readings = (*readings, (_decade(draft.values[0]),))
    before = text[max(0, draft.start - _CONTEXT) : draft.start]
    if before.endswith(_MINUS_WORDS) or (before.endswith(("-", "−")) and _MINUS.search(before)):
        return tuple((f"-{reading[0]}",) for reading in readings if len(reading) == 1) or readings
    return readings


def _decade(value: float) -> str:
    """ "The 1980s", and "the 80s"."""
    return f"{key(value if value >= 100 else 1900 + value)}s"
