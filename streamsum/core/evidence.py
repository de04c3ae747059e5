"""Where in the source does a bullet come from, and do its numbers stand there?

evidence = Evidence(Source("It was lit in November 1698."))
finding = evidence.find("The tower was first lit in 1698.")
assert finding.numbers_hold
"""

from dataclasses import dataclass

from streamsum.core import claim as claims
from streamsum.core.doubts import Doubts
from streamsum.core.events import Span
from streamsum.core.languages import guess
from streamsum.core.number_check import stand_somewhere, stand_there
from streamsum.core.quotes import Place, look_up
from streamsum.core.source import Source
from streamsum.core.source_index import SourceIndex
from streamsum.core.support import Search

# What `require` asks: on tests/evidence/tuning the best trade of inventions let pass against paraphrases lost.
SUPPORTED = 0.45
# What is less is not shown: that sentence has a name or a word in common with the bullet.
_WORTH_SHOWING = 0.15
# Where the model has said which words it means, and they are there, the bullet may be farther from them.
_SUPPORTED_BY_QUOTE = 0.15
# Words and numbers of a bullet that can be compared with a quotation: "It was lost" is said by any that tells how.
_FEWEST_TO_COMPARE = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What the source has for one bullet."""

    spans: tuple[Span, ...]
    supported: bool  # is there evidence above the threshold? What `require` asks
    numbers_hold: bool  # does every number in the bullet stand in the source with the same value?


class Evidence:
    """The index of one source: about as many bytes as the source has in UTF-8, besides the source itself."""

    __slots__ = ("_index", "_source")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._index = SourceIndex(source.text)

    def find(self, bullet: str, *, quote: str | None = None, attribute: bool = True) -> Finding:
        """What supports `bullet`: its `quote`, if the source has it; else, if `attribute`, the best sentence or two.

        `attribute` is for bullets in the source's language: of others, only quotes and numbers can be found.
        """
        text, index = self._source.text, self._index
        claim = claims.read(bullet, index.language if attribute else guess(bullet) or "")
        numbers_hold = stand_somewhere(claim, index, text, same_language=attribute)
        place = look_up(quote, text, index) if quote else None
        quoted = (
            () if place is None else (Span(start=place.start, end=place.end, match=place.match, score=place.score),)
        )
        if not attribute:
            return Finding(quoted, bool(quoted), numbers_hold)
        search = Search(index, claim)
        support = search.best() if place is None else search.of(self._sentences_of(place))
        if support is None:
            return Finding((), False, numbers_hold)
        numbers_hold = numbers_hold and stand_there(search, support.sentences, text)
        score = support.score * Doubts(search, text).factor(support.sentences)
        if quoted:
            is_short = len(claim.words) + len(claim.numbers) < _FEWEST_TO_COMPARE
            return Finding(quoted, is_short or score >= _SUPPORTED_BY_QUOTE, numbers_hold)
        return Finding(self._spans(support.sentences, score), score >= SUPPORTED, numbers_hold)

    def _sentences_of(self, place: Place) -> tuple[int, ...]:
        """The first and the last that it touches."""
        first, last = (self._index.sentence_of_character(at) for at in (place.start, place.end - 1))
        return (first, last) if first < last else (first,)

    def _spans(self, sentences: tuple[int, ...], score: float) -> tuple[Span, ...]:
        if score < _WORTH_SHOWING:
            return ()
        starts, ends = self._index.starts, self._index.ends
        return tuple(
            Span(start=starts[each], end=ends[each], match="attributed", score=round(score, 2)) for each in sentences
        )
