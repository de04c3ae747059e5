"""The words of a statement, and what they are looked for by in folded text: their beginnings, without endings.

Where a script has no spaces, two neighbouring characters are a word.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from streamsum.core.folding import fold

# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"(?P<run>[{_UNSPACED}]+)|[^\W\d_{_UNSPACED}][^\W_{_UNSPACED}]*")
_HIRAGANA = re.compile("[\u3041-\u309f]+")  # what does the work of grammar in Japanese
_CHARACTER = re.compile(rf"(?![\u3041-\u309f的了在是和也都就与及并而于於被把将將])[{_UNSPACED}]")
# What is taken from a word, by how many letters must be left; and what else may follow what is left.
_TAKEN_BY_LETTERS_LEFT = {
    3: "s es d ed ied ies ing e y a o en er ers or ors as os",
    4: "ings ion ions ation ations ment ments ity ities al als ung ungen ence ences ance ances ism ist ists",
    5: "ly ally ness able ible",
}
_MORE_ENDINGS = """
    n r t te ten em ens ive ives able ible ful less ish isch ische ischen lich liche lichen ee ees ado ada adas ados
    aron ator ators ational ary ic ical"""
_TAKEN = {ending: left for left, endings in _TAKEN_BY_LETTERS_LEFT.items() for ending in endings.split()}
_NO_ENDINGS = frozenset({"ay", "ey", "oy", "ss", "us"})  # "employ", "loss", "status"
_DIGITS = "0123456789"
_TAIL = 2  # letters by which the endings are found that a word may have
_FEWEST_LEFT = min(_TAKEN.values())
ENDINGS = frozenset([*_TAKEN, *_MORE_ENDINGS.split()])


def _by_tail() -> dict[str, tuple[tuple[str, int], ...]]:
    """Last letters of a word -> the endings that it may have, the longest first, and how long it must be for each."""
    endings = ((ending, len(ending) + left) for ending, left in _TAKEN.items())
    longest_first = sorted(endings, key=lambda each: -len(each[0]))
    tails = {ending[-_TAIL:] for ending in _TAKEN}
    return {tail: tuple(each for each in longest_first if tail.endswith(each[0][-_TAIL:])) for tail in tails}


_BY_TAIL = _by_tail()
# A beginning of so many letters tells enough, whatever comes after it.
TELLING = 6


class Word(NamedTuple):
    """A word at `text[start:end]`, to be looked for by `stem`."""

    start: int
    end: int
    stem: str
    capital: bool = False
    spaced: bool = True

    def goes_on(self, rest: str) -> bool:
        """Is a word that begins with the stem, and goes on with `rest`, another form of this one?"""
        if not rest or rest in ENDINGS or len(self.stem) >= TELLING:
            return True
        return rest[0] == self.stem[-1] and (not rest[1:] or rest[1:] in ENDINGS)  # "stop", "stopped"


def words(text: str, folded: str | None = None, stop_words: Collection[str] = ()) -> Iterator[Word]:
    """Those of `text`, in order, but the `stop_words` and numbers. `folded` is `fold(text)`, from who has it."""
    folded = fold(text) if folded is None else folded
    if not folded.isascii():
        yield from _of_any_script(text, folded, stop_words)
        return
    end = -1
    for word in folded.split(" "):  # the same, for speed
        start, end = end + 1, end + 1 + len(word)
        if word not in stop_words and word:
            if word[0] <= "9":  # "4th"
                word = word.lstrip(_DIGITS)
                if not word or word in stop_words:
                    continue
                start = end - len(word)
            yield Word(start, end, stem(word), text[start].isupper())


def tokens(text: str, stop_words: Collection[str]) -> list[str]:
    """The stems of `text`, and the characters of scripts without spaces; not what only does the work of grammar."""
    return [token for word, token in all_tokens(text) if word not in stop_words]


def all_tokens(text: str) -> list[tuple[str, str]]:
    """The same with each one's word as it stands there, folded, for who does not know the stop words yet."""
    folded = fold(text)
    spaced = [(folded[word.start : word.end], word.stem) for word in words(text, folded) if word.spaced]
    return spaced + [(character, character) for character in _CHARACTER.findall(folded)]


def stem(folded: str) -> str:
    """A folded word without its ending."""
    tail = folded[-_TAIL:]
    if tail in _NO_ENDINGS:
        return folded
    for ending, fewest in _BY_TAIL.get(tail) or _BY_TAIL.get(folded[-1:], ()):
        if len(folded) >= fewest and folded.endswith(ending):
            folded = folded[: -len(ending)]
            tail = folded[-_TAIL:]
            break
    return folded[:-1] if len(folded) > _FEWEST_LEFT and tail[0] == tail[1] else folded  # "stopped"


def _of_any_script(text: str, folded: str, stop_words: Collection[str]) -> Iterator[Word]:
    for found in _WORD.finditer(folded):
        word = found[0]
        if word in stop_words:
            continue
        start, end = found.span()
        if found.lastgroup:
            yield from _pairs(folded, start, end)
        else:
            yield Word(start, end, stem(word), text[start].isupper())


def _pairs(folded: str, start: int, end: int) -> Iterator[Word]:
    if end - start == 1:
        yield Word(start, end, folded[start:end], spaced=False)
    for at in range(start, end - 1):
        pair = folded[at : at + 2]
        if not _HIRAGANA.fullmatch(pair):
            yield Word(at, at + 2, pair, spaced=False)
