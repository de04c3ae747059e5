"""The parts that numbers are written with, and where they stand: digits, number words, and scales such as "million"."""

import re
from collections.abc import Iterator
from itertools import chain, islice
from math import prod
from operator import itemgetter
from typing import Literal, NamedTuple
from unicodedata import numeric

from streamsum.core.digits import Reading, key, readings
from streamsum.core.folding import beyond_ascii, fold
from streamsum.core.number_words import MONTHS, ONES, SCALES, SHORT_SCALES, SPANS, VAGUE

SPACES = " \u00a0\u2009\u202f"
_CJK_DIGITS = dict(zip("〇零一二三四五六七八九两兩", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 2), strict=True))
_CJK_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
# What makes numerals of these characters, which stand in many words and names, too.
_COUNTERS = frozenset("年月日時时分秒人回本枚個个件台度倍割位歳才岁号階円元天次条家所種种隻頭匹章節节世代番つキメト名")
# A row of more stands for no number.
_MOST_CJK = 24
# Any digits with marks between them; and in these, those that belong together.
_DIGITS = re.compile(rf"\d+(?:[.,:'’·٫٬/{SPACES}-]\d+)*+[¼-¾⅐-⅞]?")
# Bytes of UTF-8 in which no digit beyond ASCII can begin: the scripts of Europe, most marks, Chinese characters.
_NO_MORE_DIGITS = bytes([*range(0xD9), *range(0xE2, 0xEA)])
_TO_DIGITS = bytes(byte if byte in b"0123456789" else ord(" ") for byte in range(256))
_NUMERAL = re.compile(
    rf"""
        \d{{4}}-\d\d-\d\d(?!\d)
      | \d{{1,2}}/\d{{1,2}}/\d{{4}}(?!\d)
      | \d{{1,3}}(?:[{SPACES}]\d{{3}}(?!\d))+(?:[.,]\d+)?[¼-¾⅐-⅞]?
      | \d+(?:[.,:'’·٫٬]\d+)*[¼-¾⅐-⅞]?
    """,
    re.VERBOSE,
)
_BEYOND_ASCII = re.compile(rf"[¼-¾⅐-⅞{''.join([*_CJK_DIGITS, *_CJK_SCALES])}]+")
_VULGAR = frozenset("¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")
_SUFFIX = re.compile(rf"(?:{'|'.join(SHORT_SCALES)})(?![^\W_])", re.IGNORECASE)
# Digits in a word are part of its name: H2O.
_LETTERS = re.compile("[A-Za-zÀ-ɏͰ-ӿ]")
_HALF_AFTER = re.compile(r"\s(?:of|an?|the|its|their|his|her|all)\b")
_HALF_BEFORE = re.compile(r"\b(?:by|in|an?|one)\s\Z")
_PER = re.compile(r"\bper\s\Z")
_BELOW = re.compile(r"\b(?:below|above)\s\Z")
_OF = re.compile(r"\sof\b")
_BY_A = re.compile(r"\b(?:by|than|nearly|almost)\sa\s\Z")
_CONTEXT = 10  # characters: enough for what is looked for before a word


class Part(NamedTuple):
    """What makes a number, or makes another one of it.

    `values` are alternatives, of a scale or span the factors; `others` are readings that nothing is multiplied with.
    """

    kind: Literal["digits", "ones", "scale", "short", "span", "half", "quarter", "month"]
    values: tuple[float, ...]
    others: tuple[Reading, ...] = ()
    alone: tuple[Reading, ...] = ()  # all readings, if nothing comes before or after it


Place = tuple[int, int, Part]  # start and end
_START = itemgetter(0)


def _part(kind: str, values: tuple[float, ...], others: tuple[Reading, ...] = ()) -> Part:
    return Part(kind, values, others, (*((key(value),) for value in values), *others))  # type: ignore[arg-type]


def _words(language: str) -> dict[str, Part]:
    """The parts that are words of `language`, folded."""
    ones = {fold(word): value for word, value in ONES.get(language, {}).items()}
    parts = {word: _part("ones", (value,), ((),) if value == 1 else ()) for word, value in ones.items()}
    if language == "en":
        parts |= {f"{word}fold": _part("ones", (value,)) for word, value in ones.items()}
        parts |= {f"{word}pence": _part("ones", (), ((f"{word}pence",),)) for word in ones}  # no six of anything else
        parts |= {word: _part("span", (span,)) for word, span in SPANS.items()}
        parts |= {"half": _part("half", (0.5, 50)), "quarter": _part("quarter", (4, 0.25, 25))}
        parts |= {"quarters": _part("ones", (4, 0.25))}
    parts |= {fold(month): _part("month", (), ((f"month {at}",), ())) for month, at in MONTHS.items()}
    scales = {fold(word): scale for word, scale in SCALES.get(language, {}).items()}
    parts |= {word: _part("short" if word in VAGUE else "scale", (scale,)) for word, scale in scales.items()}
    return parts | {word: _part("short", scales) for word, scales in SHORT_SCALES.items()}


_WORDS = {language: _words(language) for language in (*ONES, "")}


def places(text: str, folded: str, language: str | None, *, most: int | None = None) -> list[Place]:
    """The parts in `text`, in order; words are those of `language`, of English where it is not known.

    `most` is how many are looked for of each kind: digits, words, what is beyond ASCII.
    """
    parts = _WORDS.get(language or "en", _WORDS[""])
    kinds = [_digits(text, language or ""), _number_words(text, folded, parts)]
    if not text.isascii() and _BEYOND_ASCII.search(beyond_ascii(text)):
        kinds.append(_beyond_ascii(text))
    return sorted(chain.from_iterable(islice(kind, most) for kind in kinds), key=_START)


def _digits(text: str, language: str) -> Iterator[Place]:
    known: dict[str, Part] = {}
    for found in _runs(text):
        start, end = found.span()
        if start and text[start - 1] != " " and _LETTERS.match(text, start - 1):
            continue
        numerals = (
            [(start, end)] if found[0].isdecimal() else (each.span() for each in _NUMERAL.finditer(text, start, end))
        )
        for begin, stop in numerals:
            numeral = text[begin:stop]
            if (part := known.get(numeral)) is None:
                part = known[numeral] = _numeral(numeral, language)
            yield begin, stop, part
            if text[stop : stop + 1].isalpha() and (scale := _SUFFIX.match(text, stop)):
                yield stop, scale.end(), _WORDS[""][scale[0].lower()]


def _runs(text: str) -> "Iterator[re.Match[str]]":
    """What `_DIGITS` finds in `text`. Where there can be no digits but ASCII's, they are looked for in C."""
    utf8 = text.encode(errors="surrogatepass")
    if utf8.translate(None, _NO_MORE_DIGITS):
        yield from _DIGITS.finditer(text)
        return
    at = end = 0
    for run in utf8.translate(_TO_DIGITS).split():
        at = text.find(run.decode(), at)
        if at >= end and (found := _DIGITS.match(text, at)):
            end = found.end()
            yield found
        at += len(run)


def _numeral(text: str, language: str) -> Part:
    vulgar = 0.0
    if not text[-1].isdecimal():
        text, vulgar = text[:-1], numeric(text[-1])
    values, others = readings(text, language)
    return _part("digits", tuple(value + vulgar for value in values), tuple(others))


def _number_words(text: str, folded: str, parts: dict[str, Part]) -> Iterator[Place]:
    start = 0
    for word in folded.split(" "):
        if word in parts:
            end = start + len(word)
            if counts := _in_context(text, start, end, word, parts[word]):
                yield start, end, counts
        start += len(word) + 1


def _in_context(text: str, start: int, end: int, word: str, part: Part) -> Part | None:
    """What `word` is here, as some are numbers in some company only."""
    before = (text, max(0, start - _CONTEXT), start)
    if (word == "second" and _PER.search(*before)) or (word == "zero" and _BELOW.search(*before)):
        return None
    if part.kind == "half" and not (_HALF_AFTER.match(text, end) or _HALF_BEFORE.search(*before)):
        return None
    if part.kind == "quarter" and not (_OF.match(text, end) or _BY_A.search(*before)):
        return None
    return part


def _beyond_ascii(text: str) -> Iterator[Place]:
    for found in _BEYOND_ASCII.finditer(text):
        start, end = found.span()
        if found[0][-1] not in _VULGAR:
            yield start, end, _cjk(text, start, end)
        elif not text[start - 1 : start].isdecimal():  # that is a part of "3½"
            yield start, end, _part("digits", (numeric(found[0][-1]),))


def _cjk(text: str, start: int, end: int) -> Part:
    run = text[start : min(end, start + _MOST_CJK)]
    if start and text[start - 1].isdecimal() and all(character in _CJK_SCALES for character in run):
        return _part("scale", (prod(_CJK_SCALES[character] for character in run),))
    counts = text[end : end + 1] in _COUNTERS or text[start - 1 : start] == "第"
    value = _cjk_value(run)
    return _part("ones", (value,), () if counts and value != 1 else ((),))


def _cjk_value(run: str) -> float:
    """二十四 is 24, 一九六四 is 1964, 三千八百億 is 380,000,000,000."""
    total = section = digits = 0
    for character in run:
        if (digit := _CJK_DIGITS.get(character)) is not None:
            digits = digits * 10 + digit
        elif (scale := _CJK_SCALES[character]) < 10**4:
            section += (digits or 1) * scale
            digits = 0
        else:
            total += (section + digits or 1) * scale
            section = digits = 0
    return total + section + digits
