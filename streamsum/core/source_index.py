"""A source as it is searched: where its sentences are, and where words and numbers stand in it.

It takes little more than the text itself, folded, and of a small one where its words begin: those of a large one
are searched for, in C. Sentences and numbers are found beforehand.
"""

from array import array
from bisect import bisect_right
from zlib import crc32

from streamsum.core.folding import fold
from streamsum.core.languages import guess
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.sentences import sentences
from streamsum.core.word_places import MOST_PLACES, WordPlaces, search
from streamsum.core.words import Word

# A text of 100 KB has 3,000. What is behind these is only known by its digits.
MOST_NUMBERS = 20_000
_WIDTH = 4  # bytes of a number's key
_TWO_BYTES = 1 << 16  # below it an offset takes two


class SourceIndex:
    """Where things are in one source. Sentences are numbered from 0."""

    __slots__ = (
        "_begins",
        "_number_ends",
        "_number_keys",
        "_utf8",
        "_words",
        "ends",
        "language",
        "overflows",
        "starts",
    )

    def __init__(self, text: str) -> None:
        folded = fold(text)
        self.language = guess(text)
        self._utf8 = f" {folded} ".encode()  # a blank before every word, and behind
        size = "H" if len(self._utf8) < _TWO_BYTES else "I"
        self.starts, self.ends = array(size), array(size)  # in characters of `text`
        self._begins = array(size)  # in bytes of `_utf8`
        self._words = WordPlaces(self._utf8)
        self._add_sentences(text, folded)
        self._number_keys, self._number_ends = b"", array("I")  # ends in characters of `text`
        self._add_numbers(text, folded)

    def __len__(self) -> int:
        """How many sentences there are."""
        return len(self.starts)

    def where(self, word: Word) -> dict[int, int]:
        """The sentences that `word` stands in, in any form, and where; only the first of many."""
        begins = self._begins
        found: dict[int, int] = {}
        for place in self._words.of(word):
            sentence = bisect_right(begins, place) - 1
            if sentence not in found:
                found[sentence] = place
        return found

    def place_in(self, sentence: int, word: Word) -> int | None:
        """Where `word` stands in that sentence, if it does."""
        return next(iter(search(self._utf8, word, self._begins[sentence] - 1, self._stop(sentence))), None)

    def words_of(self, sentence: int) -> list[str]:
        """The folded words of that sentence, and its digits."""
        return self._utf8[self._begins[sentence] : self._stop(sentence)].decode().split()

    def number_ends(self, value: str) -> list[int]:
        """Where numbers of that value end, in characters; only the first of many."""
        found: list[int] = []
        key, at = _key(value), -1
        while len(found) < MOST_PLACES and (at := self._number_keys.find(key, at + 1)) >= 0:
            found.append(self._number_ends[at // _WIDTH])
        return found

    def count_numbers(self, sentence: int) -> int:
        """How many numbers that sentence has."""
        ends, start, end = self._number_ends, self.starts[sentence], self.ends[sentence]
        return len(set(ends[bisect_right(ends, start) : bisect_right(ends, end)]))

    def sentence_of_character(self, at: int) -> int:
        """The one that the character at `at` of the text is in, or behind."""
        return max(0, bisect_right(self.starts, at) - 1)

    def _stop(self, sentence: int) -> int:
        return self._begins[sentence + 1] if sentence + 1 < len(self._begins) else len(self._utf8)

    def _add_sentences(self, text: str, folded: str) -> None:
        ascii_only, at, begin = folded.isascii(), 0, 1
        for start, end in sentences(text):
            begin += start - at if ascii_only else len(folded[at:start].encode())
            self.starts.append(start)
            self.ends.append(end)
            self._begins.append(begin)
            at = start

    def _add_numbers(self, text: str, folded: str) -> None:
        keys = bytearray()
        numbers = numbers_in(text, self.language, folded=folded, most=MOST_NUMBERS)
        self.overflows = len(numbers) >= MOST_NUMBERS
        for number in numbers:
            if self._is_items(number, text):
                continue
            for value in number.grounds():
                keys += _key(value)
                self._number_ends.append(number.end)
        self._number_keys = bytes(keys)

    def _is_items(self, number: Number, text: str) -> bool:
        """Does it only count an item of a list: "2. " where a sentence begins?"""
        if number.end - number.start > 2 or text[number.end : number.end + 2] not in {". ", ") "}:
            return False
        return number.start == self.starts[self.sentence_of_character(number.start)]


def _key(value: str) -> bytes:
    """Four bytes, of which only the first has its highest bit set: so none is found where two others meet."""
    return (crc32(value.encode()) & 0x7F7F7F7F | 0x80000000).to_bytes(_WIDTH)
