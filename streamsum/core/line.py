"""A line that is compared with many others: what is looked at in it is made once, when it is first asked for.

Most of it is never asked for. What always is has few bytes, for a summary keeps all of its lines: the words of one, and
a set of them, take some twenty times as many as the line itself.
"""

from collections import Counter
from collections.abc import Iterable, Set
from functools import cached_property
from typing import NamedTuple, Self

from streamsum.core.folding import fold
from streamsum.core.languages import guess, stop_words
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.words import all_tokens, words

# A word is one of so many bits. A long line has 200 words: a tenth of them.
_BITS = 2048
_ONE = ord("1")


class Line:
    """Its text, and what it is made of."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._counted: tuple[frozenset[str], Counter[str]] | None = None

    @property
    def folded(self) -> str:
        """The text in a form in which its spellings are alike."""
        return fold(self.text)

    @property
    def pieces(self) -> list[str]:
        """What stands between spaces in that."""
        return self.folded.split()

    @cached_property
    def marks(self) -> "Marks":
        """These, to be compared with those of many others."""
        return Marks.of(set(self.pieces))

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Each of them once."""
        return frozenset(self.pieces)

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """Words that carry nothing, in the language of the text; in English where it is not known."""
        return stop_words(guess(self.text) or "en")

    @cached_property
    def numbers(self) -> list[Number]:
        """In order."""
        return numbers_in(self.text, folded=self.folded)

    @cached_property
    def values(self) -> frozenset[str]:
        """Every value that these may be of."""
        return frozenset(value for number in self.numbers for value in number.grounds())

    @cached_property
    def names(self) -> list[str]:
        """The stems of the words with a capital, in order."""
        return [word.stem for word in words(self.text, self.folded) if word.capital]

    def tokens(self, stops: frozenset[str]) -> Counter[str]:
        """How many there are of each that is neither a number nor one of `stops`; see `words.tokens`."""
        if self._counted is None or self._counted[0] is not stops:
            self._counted = stops, Counter(token for word, token in self._tokens if word not in stops)
        return self._counted[1]

    @cached_property
    def _tokens(self) -> list[tuple[str, str]]:
        return all_tokens(_without(self.numbers, self.text))


class Marks(NamedTuple):
    """Some words, as bits of a number; in another process as others.

    Two have at most as many words in common as they have bits, and the `hidden` words of either: those whose bit
    another of its words has, too.
    """

    words: int
    bits: int
    hidden: int

    @classmethod
    def of(cls, words: Set[str]) -> Self:
        """Theirs."""
        digits = bytearray(b"0" * _BITS)
        for word in words:
            digits[hash(word) % _BITS] = _ONE
        bits = int(digits, 2)
        return cls(len(words), bits, len(words) - bits.bit_count())


def _without(numbers: Iterable[Number], text: str) -> str:
    for number in numbers:
        text = text[: number.start] + " " * (number.end - number.start) + text[number.end :]
    return text
