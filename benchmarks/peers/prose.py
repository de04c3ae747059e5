"""Sentences like a language's: a few words are in nearly all of them, most are rare. Made up, the same every time.

Words are drawn with a weight of one over their rank (Zipf's law): what two texts have in common is cheap to find where
every word is rare, and dear where none is.
"""

from __future__ import annotations

import random
from functools import lru_cache
from itertools import accumulate, product

_COMMON = "the of and to in a is that was for it on as with his they be at by this had from not or have but are"
_SYLLABLES = tuple("".join(each) for each in product(("b", "br", "d", "gr", "k", "l", "m", "st"), "aeiou", "lmnrst"))
# As many as a long article has.
_VOCABULARY = 2_000


class Writer:
    """Writes sentences, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def sentence(self, chars: int) -> str:
        """One of exactly so many characters."""
        text = self._word().capitalize()
        while len(text) < chars:
            text += f" {self._word()}"
        return text[: chars - 1].rstrip().ljust(chars - 1, "s") + "."

    def reworded(self, text: str) -> str:
        """The same with every fourth word another."""
        return " ".join(self._word() if place % 4 == 3 else word for place, word in enumerate(text.split()))

    def _word(self) -> str:
        words, weights = _vocabulary()
        return self._random.choices(words, cum_weights=weights)[0]


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[list[str], list[float]]:
    """The most frequent first; and their weights, added up."""
    rare = ["".join(each) for each in product(_SYLLABLES, _SYLLABLES)]
    random.Random(0).shuffle(rare)
    words = [*_COMMON.split(), *rare][:_VOCABULARY]
    return words, list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
