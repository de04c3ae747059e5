"""A bullet as what is looked for in its source: its words and its numbers."""

from dataclasses import dataclass

from streamsum.core.folding import fold
from streamsum.core.languages import stop_words
from streamsum.core.numbers import Number, enumeration, numbers_in
from streamsum.core.words import Word, words

# Distinct words: a bullet of a thousand characters rarely has as many, and each is one search through the source.
MOST_WORDS = 100
# Distinct numbers that are looked for together with the words; the others need only be there.
MOST_NUMBERS = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """What a bullet says."""

    text: str  # without the number that it may have in a list
    folded: str
    words: tuple[Word, ...]  # that carry something, each stem once
    numbers: tuple[Number, ...]  # that are meant as such, each value once
    all_numbers: tuple[Number, ...]

    @property
    def all_words(self) -> list[str]:
        """Folded, the small ones too."""
        return self.folded.split()


def read(bullet: str, language: str | None) -> Claim:
    """The claim of a bullet about a source in `language`."""
    listed = enumeration(bullet)
    text = " " * listed + bullet[listed:]
    folded = fold(text)
    counted = tuple(number for number in numbers_in(text, language, folded=folded) if number.counts)
    taken = {at for number in counted for at in range(number.start, number.end)}
    found: dict[str, Word] = {}
    for word in words(text, folded, stop_words(language)):
        start, end, stem, _, spaced = word
        # A single letter is what an apostrophe left.
        if stem not in found and start not in taken and (end - start > 1 or not spaced):
            found[stem] = word
            if len(found) == MOST_WORDS:
                break
    distinct = tuple({number.readings: number for number in reversed(counted)}.values())[::-1]
    return Claim(text, folded, tuple(found.values()), distinct[:MOST_NUMBERS], counted)
