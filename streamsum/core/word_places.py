"""Where words stand in a folded text, in any of their forms.

A large text is searched for the bytes of a word, in C. Of a small one, as most are, it is known where words begin, by
their first two bytes: to look at those that a word can be costs a fifth of the search, and two bytes a word.
"""

from array import array
from bisect import bisect_left
from itertools import accumulate

from streamsum.core.words import TELLING, Word

# Places of one word that are looked at: one that stands in more tells little of where to look.
MOST_PLACES = 100
# Of a small text; its places fit into 16 bits. With a larger one it takes longer to note them than to search.
_MOST_BYTES = 32_768
_SPACE = ord(" ")
_LONGEST_REST = 64  # bytes behind a word's stem


class WordPlaces:
    """The words of one text in UTF-8, which has a blank before every word, and behind. A place is one in its bytes."""

    __slots__ = ("_firsts", "_places", "_starts", "_utf8")

    def __init__(self, utf8: bytes) -> None:
        self._utf8 = utf8
        by_first = _by_first(utf8) if len(utf8) <= _MOST_BYTES else {}
        firsts = sorted(by_first)
        self._firsts = array("H", firsts)
        self._places = array("H", [place for first in firsts for place in by_first[first]])
        sizes = (len(by_first[first]) for first in firsts)
        self._starts = array("H", accumulate(sizes, initial=0))  # of each of `_firsts`, in `_places`

    def of(self, word: Word) -> list[int]:
        """Where `word` stands, in order; only the first of many."""
        utf8 = self._utf8
        if not word.spaced or not self._firsts:
            return search(utf8, word, 0, len(utf8))
        stem = word.stem.encode()
        at = bisect_left(self._firsts, first := int.from_bytes(stem[:2]))
        if at == len(self._firsts) or self._firsts[at] != first:
            return []
        known = self._places[self._starts[at] : self._starts[at + 1]]
        begun = [place for place in known if utf8.startswith(stem, place)][:MOST_PLACES]
        return [place for place in begun if _goes_on(utf8, word, place + len(stem))]


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
        if not spaced or _goes_on(utf8, word, at + size):
            found.append(at + spaced)
    return found


def _by_first(utf8: bytes) -> dict[int, list[int]]:
    """The first two bytes of words -> their places."""
    found: dict[int, list[int]] = {}
    pieces = utf8.split(b" ")
    starts = accumulate(map((1).__add__, map(len, pieces)), initial=0)
    for piece, start in zip(pieces, starts, strict=False):
        if len(piece) > 1:  # nobody looks for a single letter
            found.setdefault(piece[0] << 8 | piece[1], []).append(start)
    return found


def _goes_on(utf8: bytes, word: Word, at: int) -> bool:
    """Is what has the stem of `word`, up to `at`, a form of it?"""
    if len(word.stem) >= TELLING or utf8[at] == _SPACE:
        return True
    rest, blank, _ = utf8[at : at + _LONGEST_REST].partition(b" ")
    return bool(blank) and word.goes_on(rest.decode(errors="replace"))
