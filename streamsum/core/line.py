"""A line that is compared with many others: what is looked at in it is made once, when it is first asked for.

Most of it is never asked for. What always is has few bytes, for a summary keeps all of its lines: the words of one, and
a set of them, take some twenty times as many as the line itself.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from streamsum.core.folding import fold
from streamsum.core.languages import guess, stop_words
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.words import all_tokens, words


class Line:
    """Its text, and what it is made of."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._counted: tuple[frozenset[str], Counter[str]] | None = None

    @cached_property
    def folded(self) -> str:
        """The text in a form in which its spellings are alike."""
        return fold(self.text)

    @property
    def pieces(self) -> list[str]:
        """What stands between spaces in that."""
        return self.folded.split()

    @cached_property
    def marks(self) -> "array[int]":
        """A number for each of these, once: the same for the same, in this process."""
        return array("q", set(map(hash, self.pieces)))

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


def _without(numbers: Iterable[Number], text: str) -> str:
    for number in numbers:
        text = text[: number.start] + " " * (number.end - number.start) + text[number.end :]
    return text
