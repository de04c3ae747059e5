"""A source as it is searched: where its sentences are, and where words and numbers stand in it.

It takes little more than the text itself, folded: a word is looked for by a search for its bytes, in C, which costs less than
to keep where each word is. Only sentences and numbers are found beforehand.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from zlib import crc32

from streamsum.core.folding import fold
from streamsum.core.languages import guess
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.sentences import sentences
from streamsum.core.words import Word

# Places of one word that are looked at: one that stands in more tells little of where to look.
MOST_PLACES = 100
_WIDTH = 4  # bytes of a number's key
_SPACE = ord(" ")


class SourceIndex:
    """Where things are in one source. Sentences are numbered from 0."""

    __slots__ = ("_begins", "_number_ends", "_number_keys", "_utf8", "ends", "language", "starts")

    def __init__(self, text: str) -> None:
        folded = fold(text)
        self.language = guess(text)
        self.starts, self.ends = array("I"), array("I")  # in characters of `text`
        self._begins = array("I")  # in bytes of `_utf8`
        self._utf8 = f" {folded} ".encode()  # a blank before every word
        self._find_sentences(text, folded)
        self._number_ends = array("I")  # in characters of `text`
        keys = bytearray()
        for number in self._grounds(numbers_in(text, self.language, folded=folded), text):
            for value in number.grounds():
                keys += _key(value)
                self._number_ends.append(number.end)
        self._number_keys = bytes(keys)

    def __len__(self) -> int:
        """How many sentences there are."""
        return len(self.starts)

    def places(self, word: Word, start: int = 0, stop: int | None = None) -> Iterator[int]:
        """Where `word` stands, in any form, in bytes; only the first of many."""
        needle = (f" {word.stem}" if word.spaced else word.stem).encode()
        find, at = self._utf8.find, start - 1
        for _ in range(MOST_PLACES):
            at = find(needle, at + 1) if stop is None else find(needle, at + 1, stop)
            if at < 0:
                return
            if not word.spaced or self._is_form(word, at + len(needle)):
                yield at + word.spaced

    def sentences_with(self, word: Word) -> dict[int, int]:
        """The sentences that `word` stands in, and where."""
        return {self._sentence_at(at): at for at in self.places(word)}

    def has(self, sentence: int, word: Word) -> bool:
        """Does `word` stand in that sentence?"""
        return next(self.places(word, self._begins[sentence] - 1, self._stop(sentence)), None) is not None

    def words_of(self, sentence: int) -> list[str]:
        """The folded words of that sentence, and its digits."""
        return self._utf8[self._begins[sentence] : self._stop(sentence)].decode().split()

    def number_ends(self, value: str) -> list[int]:
        """Where numbers of that value end, in characters; only the first of many."""
        found: list[int] = []
        key, at = _key(value), -1
        while len(found) < MOST_PLACES and (at := self._number_keys.find(key, at + 1)) >= 0:
            if at % _WIDTH == 0:
                found.append(self._number_ends[at // _WIDTH])
        return found

    def all_number_ends(self) -> Iterable[int]:
        """Where numbers end, in characters, in order; some more than once."""
        return self._number_ends

    def sentence_of_character(self, at: int) -> int:
        """The one that the character at `at` of the text is in, or behind."""
        return max(0, bisect_right(self.starts, at) - 1)

    def _find_sentences(self, text: str, folded: str) -> None:
        at = begin = 0
        begin = 1
        for start, end in sentences(text):
            begin += start - at if text.isascii() else len(folded[at:start].encode())
            self.starts.append(start)
            self.ends.append(end)
            self._begins.append(begin)
            at = start

    def _grounds(self, numbers: Iterable[Number], text: str) -> Iterator[Number]:
        """Without those that only count the items of a list."""
        for number in numbers:
            is_item = text[number.end : number.end + 2] in {". ", ") "} and number.end - number.start < 3
            if not is_item or number.start not in self.starts[slice(*self._around(number.start))]:
                yield number

    def _around(self, at: int) -> tuple[int, int]:
        sentence = self.sentence_of_character(at)
        return sentence, sentence + 1

    def _is_form(self, word: Word, at: int) -> bool:
        utf8 = self._utf8
        if utf8[at] == _SPACE:
            return True
        return word.goes_on(utf8[at : utf8.index(b" ", at)].decode(errors="replace"))

    def _sentence_at(self, at: int) -> int:
        return max(0, bisect_right(self._begins, at) - 1)

    def _stop(self, sentence: int) -> int:
        return self._begins[sentence + 1] if sentence + 1 < len(self._begins) else len(self._utf8)


def _key(value: str) -> bytes:
    return crc32(value.encode()).to_bytes(_WIDTH)
