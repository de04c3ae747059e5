"""Does every number of a claim stand in its source with the same value, and where the claim is from?"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from streamsum.core.claim import Claim
from streamsum.core.digits import key
from streamsum.core.folding import fold
from streamsum.core.number_company import CONTEXT, Company, companies, stands_elsewhere
from streamsum.core.numbers import Number, numbers_in
from streamsum.core.source_index import SourceIndex
from streamsum.core.support import Search
from streamsum.core.word_places import MOST_PLACES

# Words of other languages are not known: "1,7 miljarder" may be what the source has as 1.7 billion.
_SCALES = (1e3, 1e4, 1e6, 1e8, 1e9, 1e12)
# The words of the claim by which a number is known to be of it, though from another sentence than the rest.
_NEAREST = 2
_FEWEST_TO_CONFUSE = 2
# Of a table's lines, which have more numbers than a sentence, not all are compared.
_MOST_COMPANIES = 60


def stand_somewhere(claim: Claim, index: SourceIndex, text: str, *, same_language: bool) -> bool:
    """Are all numbers of `claim` in `text`, the source that `index` is of, and as often?"""
    if not claim.all_numbers:
        return True
    often = Counter(number.readings for number in claim.all_numbers)
    for number in {number.readings: number for number in claim.all_numbers}.values():
        count = len({end for reading in number.readings for end in _ends(reading, index)})
        if min(often[number.readings], MOST_PLACES) <= count:
            continue
        scaled = not same_language and _is_scaled(number, index)
        # Behind what is indexed of a very long table it is enough that the digits are there.
        if not scaled and not (index.overflows and claim.text[number.start : number.end] in text):
            return False
    return True


def stand_there(search: Search, sentences: Collection[int], text: str) -> bool:
    """Are the claim's numbers in these sentences, or in one with the words that they stand beside; in like company?"""
    claim, index = search.claim, search.index
    looked_at, where = set(sentences), search.where[len(claim.words) :]
    for number, places in zip(claim.numbers, where, strict=True):
        if places and looked_at.isdisjoint(places):
            beside = _with_neighbours(number, places, search)
            if beside is None:
                return False
            looked_at.add(beside)
    if not claim.numbers or sum(map(index.count_numbers, looked_at)) < _FEWEST_TO_CONFUSE:
        return True
    told = [
        each
        for each, places in zip(companies(claim.numbers, claim.folded), where, strict=True)
        if each.can_be_elsewhere(_behind(places, looked_at, index, text), index.language)
    ]
    if not told:
        return True
    source = [company for sentence in looked_at for company in _companies(sentence, index, text)][:_MOST_COMPANIES]
    return not any(stands_elsewhere(each, source, index.language) for each in told)


def _behind(places: dict[int, int], sentences: Iterable[int], index: SourceIndex, text: str) -> Iterator[str]:
    """What follows a number, in each of the sentences that it ends in at `places`."""
    for sentence in sentences:
        if end := places.get(sentence):
            yield fold(text[end : min(end + CONTEXT, index.ends[sentence])])


def _companies(sentence: int, index: SourceIndex, text: str) -> list[Company]:
    said = text[index.starts[sentence] : index.ends[sentence]]
    folded = fold(said)
    return companies(numbers_in(said, index.language, folded=folded), folded)


def _ends(reading: tuple[str, ...], index: SourceIndex) -> set[int]:
    """Where its values end, if all of them are there."""
    places = [index.number_ends(value) for value in reading]
    return set().union(*places) if all(places) else set()


def _is_scaled(number: Number, index: SourceIndex) -> bool:
    values = [float(reading[0]) for reading in number.readings if len(reading) == 1 and _is_plain(reading[0])]
    return any(index.number_ends(key(value * scale)) for value in values for scale in _SCALES)


def _is_plain(value: str) -> bool:
    return value.replace(".", "", 1).isdecimal()


def _with_neighbours(number: Number, places: Iterable[int], search: Search) -> int | None:
    """The sentence that has `number`, of these, and a word that the claim has right beside it."""

    def distance(at: int) -> int:
        word = search.claim.words[at]
        return max(word.start - number.end, number.start - word.end)

    nearest = sorted(range(len(search.claim.words)), key=distance)[:_NEAREST]
    return next((sentence for sentence in places for at in nearest if sentence in search.where[at]), None)
