"""Nearly the same bullet again, and text that goes round and round.

A repeat has no word of its own: what it has more or less than the other is little, and nothing stands in the place of
something else. "Profit rose" and "profit fell", "sold in Spain" and "sold in Italy" differ in one word and say
different things; a bullet that adds a clause says something new. In doubt it is none: what is let pass is read twice,
what is rejected is lost.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from rapidfuzz import fuzz

from streamsum.core.contrast import PASSIVE, is_negated, oppose
from streamsum.core.line import Line

# How much two words are alike, in per cent of their letters.
Ratio = Callable[[str, str], float]

# Per cent of token-set similarity: far below what a repeat has.
_SIMILAR = 70
# As many words have a repeat's and its original's in common, where there are so many: not in scripts without spaces.
_MANY_WORDS, _SHARED = 8, 0.5
# Of the words of the longer one, how many it may have that the shorter has not.
_MORE = 0.25
# With fewer words that mean anything, "One fact." and "Another fact." would be the same.
_FEWEST_WORDS = 3
# Per cent of the letters: "organised" and "organized".
_SAME_WORD = 85
# Nobody spells more words than that in another way in one bullet; and each is compared with all that the other has.
_MOST_RESPELT = 8

# A loop is looked for at fixed places only, so that the answer does not depend on how a text arrived.
_STEP = 16
_TURNS = 3
_LONGEST_TURN = 400
_LEAST_BYTES = 96  # in UTF-8, so that in Chinese a phrase needs fewer characters; longer than any row of dots
_NEEDLE = 16
_DIGIT = re.compile(r"\d")
_TRIES = 4  # a phrase may have its own last characters more than once in it


class Standing:
    """The lines so far, which are not to be said again. Each is taken apart once, and compared with all that follow."""

    def __init__(self, lines: Iterable[str] = (), *, ratio: Ratio = fuzz.ratio) -> None:
        """`ratio` tells how much two words are alike."""
        self.lines: list[str] = []
        self._lines: list[Line] = []
        self._ratio = ratio
        self._asked = Line("")  # the last one
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        """One more."""
        self.lines.append(line)

    def says(self, line: str) -> bool:
        """Is `line` one of them, or says one nearly the same, with the same numbers?"""
        if line in self.lines:
            return True
        self._take_apart()
        self._asked = new = Line(line)
        return any(_say_the_same(new, each, self._ratio) for each in _worth_a_look(new, self._lines))

    def _take_apart(self) -> None:
        """Those that have come since: only who is asked needs it, and what was added has mostly been asked for."""
        for line in self.lines[len(self._lines) :]:
            self._lines.append(self._asked if self._asked.text == line else Line(line))


def loops(text: str, *, since: int = 0) -> bool:
    """Does some phrase of `text` come over and over? Once it is so, it is so for every longer text.

    Who has asked for the first `since` characters of the same text need not pay for them again.
    """
    first = (since // _STEP + 1) * _STEP
    return any(_ends_again(text, end) and _turns_before(text, end) for end in range(first, len(text) + 1, _STEP))


def _worth_a_look(one: Line, others: Iterable[Line]) -> Iterator[Line]:
    """Those that share enough words with it; nearly always their marks tell that they do not."""
    words, bits, hidden = one.marks
    for other in others:
        other_words, other_bits, _ = other.marks
        fewest = min(words, other_words)
        enough = _SHARED * fewest
        if fewest < _MANY_WORDS or (
            (bits & other_bits).bit_count() + hidden >= enough and len(one.vocabulary & other.vocabulary) >= enough
        ):
            yield other


def _say_the_same(one: Line, other: Line, ratio: Ratio) -> bool:
    """What is known soonest is asked first."""
    if not _are_alike(one.tokens(one.stop_words), other.tokens(one.stop_words), ratio):
        return one.pieces == other.pieces != []
    return (
        all(each.holds(other.values) for each in one.numbers)
        and all(each.holds(one.values) for each in other.numbers)
        and _have_one_sense(one, other)
        and fuzz.token_set_ratio(one.folded, other.folded) >= _SIMILAR
    )


def _are_alike(ones: Counter[str], others: Counter[str], ratio: Ratio) -> bool:
    """Has one of them, of some length, no word that the other has not, and the other few more?"""
    size, other_size = ones.total(), others.total()
    if min(size, other_size) < _FEWEST_WORDS:
        return False
    if len(ones.keys() - others.keys()) > _MOST_RESPELT < len(others.keys() - ones.keys()):
        return False
    fewer, more = sorted(_without_the_same(ones, others), key=len)
    if len(fewer) > _MOST_RESPELT or len(more) - len(fewer) > _MORE * max(size, other_size):
        return False
    return all(_take_like(word, more, ratio) for word in fewer)


def _without_the_same(ones: Counter[str], others: Counter[str]) -> tuple[list[str], list[str]]:
    """What each has more of than the other."""
    alone: list[str] = []
    other_alone: list[str] = []
    # Sorted, for a set has another order in another process.
    for word in sorted({word for word, _ in ones.items() ^ others.items()}):
        more = ones.get(word, 0) - others.get(word, 0)
        (alone if more > 0 else other_alone).extend([word] * abs(more))
    return alone, other_alone


def _take_like(word: str, words: list[str], ratio: Ratio) -> bool:
    """Is `word` among them, spelt in another way? Then that is taken out. No "A320" is an "A330"."""
    for at, like in enumerate(words):
        if ratio(word, like) >= _SAME_WORD and not _DIGIT.search(word + like):
            del words[at]
            return True
    return False


def _have_one_sense(one: Line, other: Line) -> bool:
    """Neither negates or turns around what the other says, nor exchanges its names."""
    ones, others = one.vocabulary, other.vocabulary
    if is_negated(ones) != is_negated(others) or oppose(ones, others):
        return False
    both = {*one.names} & {*other.names}
    order, other_order = ([name for name in line.names if name in both] for line in (one, other))
    return order == other_order or bool(ones & PASSIVE) != bool(others & PASSIVE)


def _ends_again(text: str, end: int) -> bool:
    """Do the last characters of `text[:end]` stand before, where that may matter?"""
    return text.find(text[end - _NEEDLE : end], max(0, end - _LONGEST_TURN * _TURNS)) < end - _NEEDLE


def _turns_before(text: str, end: int) -> bool:
    """Does `text[:end]` end in the same phrase, several times?"""
    window = text[max(0, end - _LONGEST_TURN * _TURNS) : end]
    needle, at = window[-_NEEDLE:], len(window) - _NEEDLE
    for _ in range(_TRIES):
        at = window.rfind(needle, 0, max(0, at) + _NEEDLE - 1)
        if at < 0:
            return False
        if _is_turn(window, len(window) - _NEEDLE - at):
            return True
    return False


def _is_turn(window: str, turn: int) -> bool:
    """Does `window` end in its last `turn` characters, over and over?"""
    turns = max(_TURNS, -(-_LEAST_BYTES // len(window[-turn:].encode("utf-8", "surrogatepass"))))
    stretch = turn * turns
    return stretch <= len(window) and window[-stretch:-turn] == window[-stretch + turn :]
