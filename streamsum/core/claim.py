"""A bullet as what is looked for in its source: its words and its numbers."""

from dataclasses import dataclass

from streamsum.core.folding import fold
from streamsum.core.languages import stop_words
from streamsum.core.numbers import Number, enumeration, numbers_in
from streamsum.core.words import Word, words

# Distinct words: a bullet of a thousand characters rarely has as many, and each is one search through the source.
MOST_WORDS = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """What a bullet says."""

    text: str  # without the number that it may have in a list
    folded: str
    words: tuple[Word, ...]  # that carry something, each stem once
    numbers: tuple[Number, ...]  # that are meant as such

    @property
    def all_words(self) -> list[str]:
        """Folded, the small ones too."""
        return self.folded.split()


def read(bullet: str, language: str | None) -> Claim:
    """The claim of a bullet about a source in `language`."""
    listed = enumeration(bullet)
    text = " " * listed + bullet[listed:]
    folded = fold(text)
    numbers = numbers_in(text, language, folded=folded)
    taken = [(number.start, number.end) for number in numbers if number.counts]
    stops = stop_words(language)
    found: dict[str, Word] = {}
    for word in words(text, folded):
        if not _is_small(folded[word.start : word.end], stops) and not _overlaps(word, taken):
            found.setdefault(word.stem, word)
    counted = tuple(number for number in numbers if number.counts)
    return Claim(text, folded, tuple(found.values())[:MOST_WORDS], counted)


def _is_small(folded: str, stops: frozenset[str]) -> bool:
    return folded in stops or (len(folded) == 1 and folded.isascii())


def _overlaps(word: Word, taken: list[tuple[int, int]]) -> bool:
    return any(start < word.end and word.start < end for start, end in taken)
