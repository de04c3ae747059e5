"""Collect one JSON value that is still arriving, up to its closing character.

Only strings and brackets are known: a value ends where its brackets balance, counted, not matched by kind. A number or
a word ends before the next delimiter. Each character is looked at once; `re` finds the next place to look.
"""

import re
from collections.abc import Callable

WHITE = " \t\n\r"  # RFC 8259, section 2

_Skip = Callable[[str, int], "re.Match[str]"]


def _skip(pattern: str) -> _Skip:
    """What goes over as much of a text as it can, from a place on: nothing is a match, too."""
    return re.compile(pattern, re.DOTALL).match  # type: ignore[return-value]


# Unrolled loops, fastest for the few characters of a delta. No possessive group around what looks ahead: before 3.11.5
# it matches too much (python/cpython#106052).
_BODY = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
# A string ends with its quotation mark; or the text ends, after a backslash, if any, whose meaning comes with the next
# read: then there is a group, which holds that backslash or nothing.
_END = r'(?:"|(\\?)\Z)'
_WORDS = rf'[^"\[\]{{}}{WHITE}]*+'
# What needs no counting: words, strings, a blank alone.
_UNCOUNTED = rf'{_WORDS}(?:(?:"{_BODY}{_END}|[{WHITE}](?=[^{WHITE}])){_WORDS})*'

skip_white = _skip(rf"[{WHITE}]*+")
_skip_uncounted = _skip(_UNCOUNTED)
# How to go on in a value of each kind, by what the last read left open: the group above, or None for no string.
_Ways = dict[str | None, _Skip]
_SCALAR: _Ways = {None: _skip(rf'[^",\[\]{{}}{WHITE}]*+')}
_STRING: _Ways = {"": _skip(_BODY + _END), "\\": _skip("." + _BODY + _END)}
_NESTED: _Ways = {
    None: _skip_uncounted,
    "": _skip(rf'{_BODY}(?:"{_UNCOUNTED}|(\\?)\Z)'),
    "\\": _skip(rf'.{_BODY}(?:"{_UNCOUNTED}|(\\?)\Z)'),
}


class OpenValue:
    """The value that is arriving. `begin` makes it a new one."""

    __slots__ = (
        "_blank_run",
        "_blanks",
        "_depth",
        "_floor",
        "_left_open",
        "_max_depth",
        "_ways",
        "in_string",
        "is_open",
        "over",
        "pieces",
        "room",
    )

    def __init__(self, *, max_depth: int, blank_run: int) -> None:
        """Brackets open at once, those around the value included; white space in a row, outside strings."""
        self._max_depth = max_depth
        self._blank_run = blank_run
        self._depth = self._floor = 0  # brackets open here, and around it
        self._blanks = 0  # white space at the end of the last read
        self._left_open: str | None = None  # by the last read: a key of `_ways`
        self._ways = _SCALAR  # those of its kind
        self.pieces: list[str] = []
        self.room = 0  # how many characters may still come
        self.in_string = False  # where every character but `"` and `\` is one more of the same
        self.is_open = False  # until its last character, or one of the limits
        self.over = False  # one of the limits

    def begin(self, char: str, *, depth: int, room: int) -> None:
        """A value begins with `char`, inside of `depth` brackets; `room` characters may come after that."""
        self.pieces.append(char)
        self.room = room
        self.is_open = True
        self._floor = self._depth = depth
        self._blanks = 0
        self._left_open = None
        if char == '"':
            self.in_string, self._left_open, self._ways = True, "", _STRING
        elif char in "[{":
            self._depth, self._ways = depth + 1, _NESTED
            self.over = depth >= self._max_depth
        else:
            self._ways = _SCALAR

    def take(self) -> str:
        """Its text, as far as it has come; the value lets go of it."""
        text = "".join(self.pieces)
        self.pieces.clear()
        self.is_open = self.in_string = False
        return text

    @property
    def text(self) -> str:
        """Its text, as far as it has come."""
        return "".join(self.pieces)

    def scan(self, text: str, start: int) -> int:
        """Go on in `text` at `start`, to the value's end or that of `text`; returns where."""
        at = self._scan_white(text, start) if self._blanks else start
        found = self._ways[self._left_open](text, at)
        while (at := found.end()) < len(text):
            at = self._count(text, at)
            if not self.is_open:
                break
            found = _skip_uncounted(text, at)
        else:
            self._left_open = found[found.lastindex] if found.lastindex else None
            self.in_string = self._left_open == ""
            self.is_open = self._left_open in self._ways
        self.pieces.append(text[start:at])
        self.room -= at - start
        if self.over or self.room < 0:
            self.over, self.is_open = True, False
        return at

    def _count(self, text: str, at: int) -> int:
        """What stopped the search: white space, a bracket, or the end of what has no brackets."""
        if self._ways is not _NESTED:
            self.is_open = False
            return at
        char = text[at]
        if char in WHITE:
            return self._scan_white(text, at)
        self._depth += 1 if char in "[{" else -1
        if self._depth > self._max_depth:
            self.over = True
        self.is_open = self._depth > self._floor and not self.over
        return at + 1

    def _scan_white(self, text: str, at: int) -> int:
        end = skip_white(text, at).end()
        self._blanks += end - at
        if self._blanks > self._blank_run:
            self.over, self.is_open = True, False
        if end < len(text):
            self._blanks = 0
        return end
