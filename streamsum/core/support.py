"""The sentence of a source, or the two, that support a claim best, and how well they do.

What counts is how much of the claim stands together in one place, weighted by how rare it is in the source, and how
many things that is: names, numbers and other words. A bullet invented about people of the source shares their names
with it, and little else; one that takes its words from all over the text has no place to point to.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, log1p

from streamsum.core.claim import Claim
from streamsum.core.languages import stop_words
from streamsum.core.numbers import Number
from streamsum.core.source_index import SourceIndex
from streamsum.core.thesaurus import Senses
from streamsum.core.word_places import MOST_PLACES
from streamsum.core.words import Word, stem

# Sentences that are looked at closely.
_CANDIDATES = 4
_CLOSEST = 3  # of them, that are read word by word, or may be a second sentence
_FIRST = 2  # of them, that may have a second
# How far the second sentence may be from the first, unless it is a candidate itself.
_NEIGHBOURS, _NEAR = (1, -1, -2), 2
# Of the coverage, what a second sentence must add: two have more of anything than one, two far apart most of all.
_COST_OF_A_SECOND, _COST_OF_DISTANCE = 0.1, 0.2
# The fewest sentences that a source has for the sake of weights: in a very short one everything would be common.
_LEAST_SENTENCES = 10
# How much of a thing it is: the second part of a name ("Henry Hall"), a pair of characters (they overlap), a number.
_REST_OF_NAME, _PAIR, _NUMBER = 0.3, 0.4, 1.5
# A claim of fewer things cannot have as many found: all of two are as good as four of five.
_FEW_THINGS = 4.0
# How much a word that can mean the same is worth.
_RELATED = 0.5
# Of the coverage, what is enough: there is no need to look for such words, or for a second sentence.
_COVERED = 0.9
# And of the strength, for such words: a score of 0.9.
_SURE = log(0.9 / 0.1)
# Near those of a logistic regression on tests/evidence/tuning, what is said against what is invented; but coverage
# counts for more than there, as longer bullets than those of the set need it.
_COVERAGE, _THINGS, _NEITHER = 2.0, 5.0, -6.8


@dataclass(frozen=True, slots=True)
class Support:
    """Sentences by number, in order, and how well they support a claim, from 0 to 1."""

    sentences: tuple[int, ...]
    score: float


class Search:
    """One claim, looked for in one source.

    For each word of the claim, then each number: `where`, its sentences and its places there; `weights`, its rarity.
    """

    def __init__(self, index: SourceIndex, claim: Claim) -> None:
        self.index, self.claim = index, claim
        self.where: list[dict[int, int]] = [*map(index.where, claim.words), *map(self._of_number, claim.numbers)]
        sentences = max(len(index), _LEAST_SENTENCES)
        self.weights = [log(1 + sentences / (len(each) or 1)) for each in self.where]
        self._total = sum(self.weights) or 1.0
        self._sizes = [*_sizes(claim.words), *[_NUMBER] * len(claim.numbers)]
        self._scale = max(1.0, _FEW_THINGS / (sum(self._sizes) or 1.0))
        self._rows: dict[int, _Row] = {}
        self._stops = stop_words(index.language)

    def best(self) -> Support | None:
        """The best support; None if the source has nothing of the claim."""
        votes: dict[int, float] = {}
        for where, weight in zip(self.where, self.weights, strict=True):
            for sentence in where:
                votes[sentence] = votes.get(sentence, 0.0) + weight
        candidates = sorted(votes, key=votes.__getitem__, reverse=True)[:_CANDIDATES]
        if not candidates:
            return None
        self._look_closely(candidates)
        alone = max(zip(candidates, strict=True), key=self._strength)
        if self._row(alone[0]).coverage >= _COVERED:
            return self.of(alone)
        if self._strength(alone) < _SURE and self.index.language == "en":
            for sentence in candidates[:_CLOSEST]:
                self._add_related(sentence)
        return self.of(max(self._choices(candidates, votes), key=self._strength))

    def of(self, sentences: tuple[int, ...]) -> Support:
        """How well these support the claim."""
        return Support(sentences, 1 / (1 + exp(-self._strength(sentences))))

    def _strength(self, sentences: tuple[int, ...]) -> float:
        """The score before it is put between 0 and 1."""
        row = self._row(sentences[0])
        coverage, things = row.coverage, row.things
        if len(sentences) > 1:
            other = self._row(sentences[1])
            coverage = sum(_larger(row.weights, other.weights)) / self._total - _cost(*sentences)
            # What is said in two places far apart is not said together.
            near = sentences[1] - sentences[0] <= _NEAR
            things = sum(_larger(row.sizes, other.sizes)) if near else max(things, other.things)
        return _COVERAGE * coverage + _THINGS * log1p(things * self._scale) + _NEITHER

    def _row(self, sentence: int) -> "_Row":
        if (row := self._rows.get(sentence)) is None:
            there = [sentence in where for where in self.where]
            weights = [weight if is_there else 0.0 for weight, is_there in zip(self.weights, there, strict=True)]
            sizes = [size if is_there else 0.0 for size, is_there in zip(self._sizes, there, strict=True)]
            row = self._rows[sentence] = _Row(weights, sizes, sum(weights) / self._total, sum(sizes))
        return row

    def _add_related(self, sentence: int) -> None:
        """Count words of the claim that are not in the sentence, if one is that can mean the same."""
        row = self._row(sentence)
        there = Senses.of(stem(word) for word in self.index.words_of(sentence) if word not in self._stops)
        for at, word in enumerate(self.claim.words):
            if not row.weights[at] and there.meet(word.stem):
                row.weights[at] = _RELATED * self.weights[at]
                row.coverage += row.weights[at] / self._total
                row.sizes[at] = _RELATED
                row.things += _RELATED

    def _of_number(self, number: Number) -> dict[int, int]:
        ends = [end for reading in number.readings for value in reading for end in self.index.number_ends(value)]
        return {self.index.sentence_of_character(end - 1): end for end in ends}

    def _look_closely(self, candidates: Sequence[int]) -> None:
        """Where a word stands in too many places to know them all, see whether it is in the candidates."""
        for word, where in zip(self.claim.words, self.where, strict=False):
            if len(where) * 2 > MOST_PLACES:
                for sentence in candidates:
                    if sentence not in where and (place := self.index.place_in(sentence, word)) is not None:
                        where[sentence] = place

    def _choices(self, candidates: list[int], votes: Container[int]) -> Iterator[tuple[int, ...]]:
        """Each candidate alone, and the first ones with another, or a neighbour that has something of the claim."""
        yield from zip(candidates, strict=True)
        pairs: dict[tuple[int, int], None] = {}
        for first in candidates[:_FIRST]:
            near = [first + distance for distance in _NEIGHBOURS if first + distance in votes]
            for second in candidates[:_CLOSEST] + near:
                if first != second:
                    pairs[(first, second) if first < second else (second, first)] = None
        yield from pairs


@dataclass(slots=True)
class _Row:
    """What one sentence has of a claim: of each word and number its weight and size, or 0; share and size of all."""

    weights: list[float]
    sizes: list[float]
    coverage: float
    things: float


def _larger(ones: list[float], others: list[float]) -> list[float]:
    """Of each two: in half the time that `map(max, ...)` takes."""
    return [one if one > other else other for one, other in zip(ones, others, strict=True)]  # noqa: FURB136


def _cost(first: int, second: int) -> float:
    """What a second sentence must add to the coverage."""
    return _COST_OF_A_SECOND if second - first <= _NEAR else _COST_OF_A_SECOND + _COST_OF_DISTANCE


def _sizes(words: Sequence[Word]) -> Iterator[float]:
    before: Word | None = None
    for word in words:
        is_rest = before is not None and before.capital and word.capital and word.start - before.end <= 1
        yield _PAIR if not word.spaced else _REST_OF_NAME if is_rest else 1.0
        before = word
