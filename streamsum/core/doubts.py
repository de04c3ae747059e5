"""What speaks against a claim although its words are in the source.

A name that nobody has there, names or roles exchanged, the opposite said. Each is a look at one sentence, and proves
nothing: a factor is how much is left of the score. Together they find about half of the exchanged names of
tests/evidence.
"""

import re
from itertools import combinations, islice

from streamsum.core.abbreviations import has_short, long_names, short_for_some
from streamsum.core.contrast import PASSIVE, denied, is_negated, oppose
from streamsum.core.folding import fold
from streamsum.core.languages import stop_words
from streamsum.core.number_words import MONTHS
from streamsum.core.support import Search
from streamsum.core.words import Word

_UNKNOWN_NAME, _EXCHANGED, _OPPOSITE = 0.3, 0.3, 0.4
# A sentence with one of these goes on about somebody who was named before; one that begins with one, about something.
_PRONOUNS = "he she they him them his her who er sie ihm ihn il elle ils lui el ella ellos"
_PERSONS = frozenset(_PRONOUNS.split())
_BEGINNINGS = _PERSONS | {"it", "its", "es", "this"}
_DAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
_NO_NAMES = _DAYS | {fold(month) for month in MONTHS}
# Words of the claim in one sentence: of twelve names there are 66 pairs.
_MOST_THERE = 12
_MOST_LONG = 10  # names of several words in a claim: the initials of each are looked for in the source
_CAPITAL = re.compile(r"[^\W\d_][^\W_]+")


class Doubts:
    """Those about one claim, as it was found."""

    def __init__(self, search: Search, text: str) -> None:
        """`text` is the source."""
        self._search, self._claim, self._index, self._text = search, search.claim, search.index, text
        self._names = [at for at, word in enumerate(self._claim.words) if word.capital and self._is_name(word)]

    def factor(self, sentences: tuple[int, ...]) -> float:
        """How much of the score is left, where the claim is supported by these sentences."""
        factor = 1.0
        where = self._search.where
        unknown = [name for name in self._names if not where[name]]
        if unknown and self._is_anybody(unknown):
            factor *= _UNKNOWN_NAME
        main = self._main()
        if main is not None and (self._is_of_others(main) or self._is_turned(main)):
            factor *= _EXCHANGED
        said = [word for sentence in sentences for word in self._index.words_of(sentence)]
        claimed = self._claim.all_words
        if oppose(claimed, said) or (not denied(claimed).isdisjoint(said) and not is_negated(said)):
            factor *= _OPPOSITE
        return factor

    def _is_name(self, word: Word) -> bool:
        """Is this word of the claim, with a capital, a name? In German every noun has one."""
        if self._index.language == "de":
            return False
        return not self._begins_claim(word.start) or self._only_with_capital(self._claim.text[word.start : word.end])

    def _is_anybody(self, unknown: list[int]) -> bool:
        """Is one of these names not in the source in another form, in full or as its initials?"""
        claim, text = self._claim.text, self._text
        mentioned = islice(long_names(claim), _MOST_LONG)
        short = [(start, end) for start, end, each in mentioned if has_short(each, text)]
        words = [self._claim.words[name] for name in unknown]
        rest = {word for word in words if not any(start <= word.start < end for start, end in short)}
        names = {claim[word.start : word.end] for word in rest}
        return names > short_for_some(names, text)

    def _begins_claim(self, start: int) -> bool:
        return not self._claim.text[:start].strip(" \"'“‘«(")

    def _only_with_capital(self, word: str) -> bool:
        return word in self._text and word.lower() not in self._text

    def _main(self) -> int | None:
        """The sentence that the claim's words are from, its names aside; of equals, the one with most of the names."""
        if not self._names:
            return None
        search = self._search
        votes: dict[int, float] = {}
        for at, where in enumerate(search.where):
            if at not in self._names:
                for sentence in where:
                    votes[sentence] = votes.get(sentence, 0.0) + search.weights[at]
        most = max(votes.values(), default=0.0)
        names = [search.where[name] for name in self._names]
        equals = (each for each, vote in votes.items() if vote == most)
        return max(equals, key=lambda each: (sum(each in name for name in names), -each), default=None)

    def _is_of_others(self, main: int) -> bool:
        """Is a name of the claim neither there nor near, where somebody else is named?"""
        near = self._context(main)
        foreign = [name for name in self._names if (where := self._search.where[name]) and near.isdisjoint(where)]
        return bool(foreign) and self._names_others(main)

    def _context(self, main: int) -> set[int]:
        """Whose names may be meant in `main`: those before, if it has "he"; the next, if that begins with "it"."""
        context = {main}
        if not _PERSONS.isdisjoint(self._index.words_of(main)):
            context |= {main - 1, main - 2}
        if main + 1 < len(self._index) and not _BEGINNINGS.isdisjoint(self._index.words_of(main + 1)[:2]):
            context.add(main + 1)
        return context

    def _names_others(self, main: int) -> bool:
        start, end = self._index.starts[main], self._index.ends[main]
        stops = stop_words(self._index.language)
        for found in _CAPITAL.finditer(self._text, start, end):
            if found[0][0].isupper() and (word := fold(found[0])) not in stops and word not in _NO_NAMES:
                is_known = any(word.startswith(each.stem) for each in self._claim.words)
                if not is_known and (found.start() > start or self._only_with_capital(found[0])):
                    return True
        return False

    def _is_turned(self, main: int) -> bool:
        """Do two names stand around a word in exchanged places, and not because of a passive or an apposition?"""
        words, where = self._claim.words, self._search.where
        there = [at for at in range(len(words)) if main in where[at]][:_MOST_THERE]
        for one, other in combinations([at for at in there if at in self._names], 2):  # in the order of the claim
            first, last = where[other][main], where[one][main]
            between = [where[at][main] for at in there if one < at < other and at not in self._names]
            is_turned = any(first < place < last for place in between)
            if is_turned and "," not in self._claim.text[words[one].end : words[other].start]:
                return _is_passive(self._claim.all_words) == _is_passive(self._index.words_of(main))
        return False


def _is_passive(folded: list[str]) -> bool:
    return not PASSIVE.isdisjoint(folded)
