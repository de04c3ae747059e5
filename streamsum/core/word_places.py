"""Where words stand in a folded text, in any of their forms.

A text is searched for the bytes of a word, in C: 9 µs in 10 KB. Of one of some pages it is known where words begin, by
their first letters: to look at those that a word can be takes 4 µs, and to note them as long as a hundred searches, and
two bytes a word. In a short text there is nothing to be gained by it.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from zlib import crc32

from streamsum.core.words import ENDINGS, TELLING, Word

# Places of one word that are looked at: one that stands in more tells little of where to look.
MOST_PLACES = 100
# Of a text whose words are noted. In a shorter one a search takes no longer, or not so much that ten long bullets make
# up for it; in a larger one it takes longer to note them than to search. Places fit into 16 bits.
_NOTED = range(6_000, 32_768)
# Bytes by which words are known. Shorter ones are mostly small words: a claim's are searched for.
_KEY = 4
_BUCKETS = 512  # about as many as a page has of such keys
_SPACE = ord(" ")
_ENDINGS = frozenset(ending.encode() for ending in ENDINGS)
_LONGEST_REST = 64  # bytes behind a word's stem


class WordPlaces:
    """The words of one text in UTF-8, which has a blank before every word, and behind. A place is one in its bytes."""

    __slots__ = ("_places", "_starts", "_utf8")

    def __init__(self, utf8: bytes) -> None:
        self._utf8 = utf8
        buckets = _buckets(utf8) if len(utf8) in _NOTED else []
        self._places = array("H", list(chain.from_iterable(buckets)))  # from a list it takes half the time
        self._starts = array("H", accumulate(map(len, buckets), initial=0))  # of each bucket, in `_places`

    def of(self, word: Word) -> Iterable[int]:
        """Where `word` stands, in order; only the first of many."""
        stem = word.stem.encode()
        likely = self._likely(stem) if word.spaced and len(stem) >= _KEY else None
        return search(self._utf8, word, 0, len(self._utf8)) if likely is None else self._among(likely, word, stem)

    def _likely(self, stem: bytes) -> "array[int] | None":
        """Places of words that may begin so; None: all words may, or too many."""
        if not self._places:
            return None
        bucket = crc32(stem[:_KEY]) % _BUCKETS
        found = self._places[self._starts[bucket] : self._starts[bucket + 1]]
        return found if len(found) <= MOST_PLACES else None

    def _among(self, places: Iterable[int], word: Word, stem: bytes) -> Iterator[int]:
        utf8, size, telling = self._utf8, len(stem), len(word.stem) >= TELLING
        for place in places:
            end = place + size
            if utf8[place:end] == stem and (telling or utf8[end] == _SPACE or _goes_on(utf8, word, end)):
                yield place


def search(utf8: bytes, word: Word, start: int, stop: int) -> list[int]:
    """Where `word` stands between two places of a text that has a blank before every word, and behind."""
    spaced = word.spaced
    needle = f" {word.stem}".encode() if spaced else word.stem.encode()
    size, at = len(needle), start - 1
    found: list[int] = []
    for _ in range(MOST_PLACES):
        at = utf8.find(needle, at + 1, stop)
        if at < 0:
            break
        if not spaced or utf8[at + size] == _SPACE or _goes_on(utf8, word, at + size):
            found.append(at + spaced)
    return found


def _buckets(utf8: bytes) -> list[list[int]]:
    """The places of words, those with the same first bytes together."""
    buckets: list[list[int]] = [[] for _ in range(_BUCKETS)]
    at = 0
    for piece in utf8.split(b" "):
        size = len(piece)
        if size >= _KEY:
            buckets[crc32(piece[:_KEY]) % _BUCKETS].append(at)
        at += size + 1
    return buckets


def _goes_on(utf8: bytes, word: Word, at: int) -> bool:
    """Is what has the stem of `word`, up to `at`, and goes on, a form of it?"""
    if len(word.stem) >= TELLING:
        return True
    stop = utf8.find(b" ", at, at + _LONGEST_REST)
    if stop < 0:
        return False
    rest = utf8[at:stop]
    if rest in _ENDINGS:
        return True
    # Of the others in ASCII only those that double a letter need a closer look.
    return (rest[0] > 127 or chr(rest[0]) == word.stem[-1]) and word.goes_on(rest.decode(errors="replace"))
