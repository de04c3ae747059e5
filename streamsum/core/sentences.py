"""Where the sentences of a text begin and end."""

import re
from collections.abc import Iterator
from unicodedata import category

from streamsum.core.number_words import MONTHS

# What is shown as evidence should fit on a screen; a text without full stops, or a table, is cut.
MAX_CHARS = 600
_LEAST_CHARS = 400  # a cut is made at white space after these, if there is any
# A shorter one goes with the next: a million full stops are not as many sentences.
_LEAST = 6
# A run of marks, and what closes a quotation or a bracket behind them; or line breaks.
_MARKS = re.compile(
    r"[.!?…。！？｡．।؟۔\n](?:(?<=\n)\s*+|(?<!\n)[.!?…。！？｡．।؟۔]*+[\"'”’»)\]」』）]*+)"  # one set first: that is fast
)
_FULL_WIDTH = frozenset("。！？｡．")
# What begins an item of a list; a single line break elsewhere may be a wrapped line.
_ITEM = re.compile(r"[-*•–#|][ \t]|\d{1,3}[.)][ \t]")
_LAST_WORD = re.compile(r"[^\s(\"“'‘]+\Z")
_NEXT_WORD = re.compile(r"\s*+[\"“'‘(\[«]*+([^\W\d_]{0,12})")
# A full stop after these, or after a single capital, does not end a sentence.
_ABBREVIATED = """
    mr mrs ms dr st prof rev gen col capt lt sgt sr jr vs etc fig no nos vol pp ed eds approx dept est inc ltd corp co
    jan feb mar apr jun jul aug sep sept oct nov dec bzw ca evtl ggf hr fr nr sog str usw vgl zb mme mlle av sra srta
    p.m a.m e.g i.e u.s u.k d.h z.b u.a"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LONGEST_ABBREVIATION = 8


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence of `text`, without the white space around it; in order, none empty."""
    start = 0
    for found in _MARKS.finditer(text):
        end = found.end()
        if end - start > _LEAST and _is_end(text, found.start(), end):
            if end - start > MAX_CHARS:
                yield from _pieces(text, start, end)
            elif trimmed := text[start:end].strip():  # as nearly all are
                begin = text.find(trimmed, start)
                yield begin, begin + len(trimmed)
            start = end
    yield from _pieces(text, start, len(text))


def _is_end(text: str, stop: int, end: int) -> bool:
    """Do the marks from `stop` to `end` end a sentence?"""
    first = text[stop]
    if first == "\n":
        return text.count("\n", stop, end) > 1 or _ITEM.match(text, end) is not None
    if first in _FULL_WIDTH:
        return True
    if not text[end : end + 1].isspace():
        return end == len(text)
    return first != "." or text[stop + 1 : stop + 2] == "." or _is_full_stop(text, stop, end)


def _is_full_stop(text: str, stop: int, end: int) -> bool:
    """Not that of an abbreviation, an initial, an item's number, or a German ordinal ("am 1. Juni")."""
    after = text[end + 1 : end + 2]
    if (after if after.isalpha() else _next_word(text, end)[:1]).islower():
        return False
    word = text[max(0, stop - _LONGEST_ABBREVIATION) : stop].rpartition(" ")[2]
    if not word.isalpha():
        before = _LAST_WORD.search(text, max(0, stop - _LONGEST_ABBREVIATION), stop)
        if before is None:
            return True
        word = before[0]
        if word.isdecimal():
            begins_line = text[max(0, before.start() - 1) : before.start()] in {"", "\n"}
            return not (len(word) < 3 and begins_line) and _next_word(text, end).casefold() not in MONTHS
    return not (len(word) == 1 and word.isupper()) and word.casefold() not in _ABBREVIATIONS


def _next_word(text: str, end: int) -> str:
    following = _NEXT_WORD.match(text, end)
    return following[1] if following else ""


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch, trimmed, and in pieces if it is too long to be shown."""
    while start < end:
        stop = end if end - start <= MAX_CHARS else _cut(text, start)
        piece = text[start:stop]
        if trimmed := piece.lstrip():
            begin = stop - len(trimmed)
            yield begin, begin + len(trimmed.rstrip())
        start = stop


def _cut(text: str, start: int) -> int:
    """Where to cut a stretch that is too long: at its last white space, or else not inside of one visible character."""
    window = text[start + _LEAST_CHARS : start + MAX_CHARS]
    if (found := max(map(window.rfind, " \n\t\u3000、，"))) >= 0:
        return start + _LEAST_CHARS + found + 1
    stop = start + MAX_CHARS
    while stop > start + _LEAST_CHARS and _continues(text[stop]):
        stop -= 1
    return stop


def _continues(character: str) -> bool:
    """Is it a mark on the character before it, or does it join two?"""
    return category(character)[0] == "M" or character == "\u200d"
