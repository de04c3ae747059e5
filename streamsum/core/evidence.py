"""Where in the source does a bullet come from?"""

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from streamsum.core.events import Span

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_SUPPORTED = 0.6


@dataclass(frozen=True, slots=True)
class Finding:
    """What the source has for one bullet."""

    spans: tuple[Span, ...]
    supported: bool  # is there evidence above the threshold? What `require` asks
    numbers_hold: bool  # does every number in the bullet stand in the source with the same value?


class Evidence:
    """The index of one source."""

    def __init__(self, text: str) -> None:
        self._text = text

    def find(self, bullet: str, *, quote: str | None = None, attribute: bool = True) -> Finding:
        """What supports `bullet`: its `quote`, if it is there; else, if `attribute`, the best sentences."""
        numbers_hold = all(each in self._text for each in _DIGITS.findall(bullet))
        if quote and (at := self._text.find(quote)) >= 0:
            return Finding((Span(start=at, end=at + len(quote), match="verbatim", score=1.0),), True, numbers_hold)
        if not attribute:
            return Finding((), False, numbers_hold)
        best = max(
            (round(fuzz.token_set_ratio(bullet, found[0]) / 100, 2), *found.span())
            for found in _SENTENCE.finditer(self._text)
        )
        score, start, end = best
        span = Span(start=start, end=end, match="attributed", score=score)
        return Finding((span,) if score >= _SUPPORTED else (), score >= _SUPPORTED, numbers_hold)
