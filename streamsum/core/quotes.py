"""Where a quotation stands in a source: as it is, or spelt in another way, or nearly."""

from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from streamsum.core.claim import read
from streamsum.core.numbers import numbers_in
from streamsum.core.source_index import SourceIndex
from streamsum.core.spelling import Spelling
from streamsum.core.support import Search

# Per cent of the letters, so that two in a line of forty may be others.
_CLOSE = 90
# A shorter quotation is nearly like too many places.
_FEWEST_FOR_CLOSE = 16
# A longer one is cut: it is to be short, and everything is compared with everything.
_LONGEST = 500
# Sentences before and behind the likeliest one that are looked through.
_AROUND = 2
_QUOTATION_MARKS = "\"“”„«»'‘’ "


@dataclass(frozen=True, slots=True)
class Place:
    """`text[start:end]` is the quotation; `score` from 0 to 1."""

    start: int
    end: int
    match: Literal["verbatim", "close"]
    score: float


def look_up(quote: str, text: str, index: SourceIndex) -> Place | None:
    """Where `quote` stands in `text`, the source that `index` is of."""
    quote = quote[:_LONGEST].strip(_QUOTATION_MARKS)
    claim = read(quote, index.language)
    if not claim.words and not claim.numbers:
        return None
    if (at := text.find(quote)) >= 0:
        return Place(at, at + len(quote), "verbatim", 1.0)
    best = Search(index, claim).best()
    likely = best.sentences if best else ()
    found = [place for sentence in likely if (place := _look_around(quote, text, index, sentence))]
    return max(found, key=lambda place: place.score, default=None)


def _look_around(quote: str, text: str, index: SourceIndex, sentence: int) -> Place | None:
    start = index.starts[max(0, sentence - _AROUND)]
    end = index.ends[min(len(index) - 1, sentence + _AROUND)]
    wanted, there = Spelling(quote), Spelling(text[start:end])
    if (at := there.text.find(wanted.text)) >= 0:
        begin, stop = there.span(at, at + len(wanted.text))
        return Place(start + begin, start + stop, "verbatim", 1.0)
    if len(wanted.text) < _FEWEST_FOR_CLOSE or len(wanted.text) > len(there.text):
        return None
    near = fuzz.partial_ratio_alignment(wanted.text, there.text, score_cutoff=_CLOSE)
    if near is None:
        return None
    begin, stop = _whole_words(text, start, *there.span(near.dest_start, near.dest_end))
    if not _same_numbers(quote, text[begin:stop], index.language):
        return None
    return Place(begin, stop, "close", round(near.score / 100, 2))


def _whole_words(text: str, offset: int, start: int, end: int) -> tuple[int, int]:
    """The stretch, in `text`, with the rest of the words that it begins and ends in."""
    start, end = start + offset, end + offset
    while start > offset and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end


def _same_numbers(quote: str, found: str, language: str | None) -> bool:
    """Nearly the same digits are other numbers."""
    known = {value for number in numbers_in(found, language) for value in number.grounds()}
    return all(number.holds(known) for number in numbers_in(quote, language))
