"""Collect one JSON value that is still arriving, up to its closing character.

Only strings and brackets are known: a value ends where its brackets balance, counted, not matched by kind. A number or
a word ends before the next delimiter. Each character is looked at once; `re` finds the next place to look.
"""

import re

WHITE = " \t\n\r"  # RFC 8259, section 2

skip_white = re.compile(rf"[{WHITE}]*+").match
_skip_string = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL).match
_skip_plain = re.compile(rf'[^"\[\]{{}}{WHITE}]*+').match
_skip_scalar = re.compile(rf'[^",\[\]{{}}{WHITE}]*+').match


class OpenValue:
    """The value that is arriving. `begin` makes it a new one."""

    def __init__(self, *, max_depth: int, blank_run: int) -> None:
        """Brackets open at once, those around the value included; white space in a row, outside strings."""
        self._max_depth = max_depth
        self._blank_run = blank_run
        self._pieces: list[str] = []
        self._chars = self._max_chars = 0
        self._depth = self._floor = 0  # brackets open here, and around it
        self._blanks = 0  # white space in a row, up to here
        self._is_scalar = False
        self._escaped = False  # the last read ended with a backslash
        self.in_string = False
        self.closed = False
        self.over = False  # one of the limits

    def begin(self, char: str, *, depth: int, max_chars: int) -> None:
        """A value begins, with `char` as the first character to be scanned, inside of `depth` brackets."""
        self._chars, self._max_chars = 0, max_chars
        self._depth = self._floor = depth
        self._is_scalar = char not in '"[{'
        self.closed = False

    def take(self) -> str:
        """Its text, as far as it has come; the value lets go of it."""
        text = self.text
        self._pieces.clear()
        self.in_string = False
        return text

    @property
    def text(self) -> str:
        """Its text, as far as it has come."""
        return "".join(self._pieces)

    def stays_in_string(self, delta: str) -> bool:
        """The usual case, cheaply: all of `delta` belongs to the string that is open, and is kept."""
        if not self.in_string or '"' in delta or "\\" in delta or self._escaped:
            return False
        self._chars += len(delta)
        self._pieces.append(delta)
        self.over = self._chars > self._max_chars
        return not self.over

    def scan(self, text: str, start: int) -> int:
        """Go on in `text` at `start`, to the value's end or that of `text`; returns where."""
        at = self._scan_scalar(text, start) if self._is_scalar else self._scan(text, start)
        self._pieces.append(text[start:at])
        self._chars += at - start
        self.over = self.over or self._chars > self._max_chars
        return at

    def _scan_scalar(self, text: str, at: int) -> int:
        at = _skip_scalar(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        self.closed = at < len(text)
        return at

    def _scan(self, text: str, at: int) -> int:
        end = len(text)
        while at < end and not self.closed and not self.over:
            if self.in_string:
                at = self._scan_string(text, at)
            elif (char := text[at]) in WHITE:
                at = self._scan_white(text, at)
            elif char in '"[]{}':
                self._balance(char)
                at += 1
            else:
                at = _skip_plain(text, at).end()  # type: ignore[union-attr]
        return at

    def _scan_white(self, text: str, at: int) -> int:
        end = skip_white(text, at).end()  # type: ignore[union-attr]
        self._blanks += end - at
        self.over = self._blanks > self._blank_run
        if end < len(text):
            self._blanks = 0
        return end

    def _scan_string(self, text: str, at: int) -> int:
        if self._escaped:
            self._escaped = False
            at += 1
        at = _skip_string(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return at
        if text[at] == "\\":  # the last character of this read: what it escapes comes with the next
            self._escaped = True
        else:
            self.in_string = False
            self.closed = self._depth == self._floor
        return at + 1

    def _balance(self, char: str) -> None:
        self._blanks = 0
        if char == '"':
            self.in_string = True
        elif char in "[{":
            self._depth += 1
            self.over = self._depth > self._max_depth
        else:
            self._depth -= 1
            self.closed = self._depth == self._floor
