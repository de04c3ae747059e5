"""Cut a JSON document that is still arriving into the elements of its array.

An element is cut out at its closing character, whatever comes next (a number, `true`, `false` and `null` close at the
next delimiter), and is then parsed strictly, once. So a broken element is reported as broken, and the next is found.
Between values the grammar is followed to the letter: what does not fit there breaks the document.
"""

from enum import Enum, auto
from typing import Any

import jiter

from streamsum.core import strict
from streamsum.core.document import DocumentEnd, Element, Limits, Outcome
from streamsum.core.lead import Lead
from streamsum.core.value import OpenValue, skip_white


class _At(Enum):
    """Where in the document the next character stands."""

    LEAD = auto()
    KEY_OR_END = auto()
    KEY = auto()
    COLON = auto()
    MEMBER = auto()
    AFTER_MEMBER = auto()
    ITEM_OR_END = auto()
    ITEM = auto()
    AFTER_ITEM = auto()
    VALUE = auto()  # inside of one; `_role` says of which
    END = auto()


class _Role(Enum):
    """What the open value is to the document."""

    KEY = auto()
    MEMBER = auto()
    ITEM = auto()


_AFTER = {_Role.KEY: _At.COLON, _Role.MEMBER: _At.AFTER_MEMBER, _Role.ITEM: _At.AFTER_ITEM}
_DELIMITERS = ",:]}"  # no value begins with one


class ElementDecoder:
    """Deltas in, closed elements out; no I/O.

    The document is `{key: [...]}`, where the first array under `key` at the root counts, or a bare array.
    """

    def __init__(self, key: str = "bullets", *, limits: Limits | None = None) -> None:
        """Elements are those of the array under `key`."""
        self._key = key
        self._limits = limits or Limits()
        self._lead = Lead(lead_chars=self._limits.lead_chars, blank_run=self._limits.blank_run)
        self._at = _At.LEAD
        self._max_chars = self._limits.document_chars
        self._chars = 0  # of the document, so far
        self._blanks = 0  # white space in a row, up to here
        self._count = 0  # elements begun
        self._sound = True  # strict JSON, in all that has closed
        self._bare = False  # is the root an array?
        self._keys: set[Any] = set()  # of the root
        self._wanted = False  # is the member to come the array?
        self._value = OpenValue(max_depth=self._limits.depth, blank_run=self._limits.blank_run)
        self._role = _Role.ITEM  # of the open value
        self.outcome = Outcome.ABSENT
        self.has_array = False
        self.follower = ""  # the first character after the last closed element that is not white space

    def feed(self, delta: str) -> list[Element]:
        """The elements that `delta` closes, in order. After the document's end everything is ignored."""
        if self._chars + len(delta) <= self._max_chars and self._value.stays_in_string(delta):
            self._chars += len(delta)
            return []
        closed: list[Element] = []
        if self._at is _At.LEAD:
            delta = self._enter(delta)
        room = self._max_chars - self._chars
        self._chars += len(delta)
        self._go(delta[:room], closed)
        if len(delta) > room and not self.done:
            self._stop(Outcome.LIMIT)
        return closed

    def preview(self) -> Any:
        """The open element as far as it has come, through jiter's partial mode; None where there is nothing to show."""
        if self._at is not _At.VALUE or self._role is not _Role.ITEM:
            return None
        try:
            return jiter.from_json(self._value.text.encode(), partial_mode="trailing-strings")
        except ValueError:
            return None

    def close(self) -> DocumentEnd:
        """What was there, now that the deltas have ended."""
        valid = self.outcome is Outcome.CLOSED and self._sound
        return DocumentEnd(outcome=self.outcome, has_array=self.has_array, elements=self._count, valid=valid)

    @property
    def done(self) -> bool:
        """Will nothing that comes change anything?"""
        return self._at is _At.END

    def _enter(self, text: str) -> str:
        """What of `text` belongs to the document, and is still to be looked at."""
        if (document := self._lead.find(text)) is not None:
            self.outcome = Outcome.OPEN
            self._bare = self.has_array = document[0] == "["
            self._at = _At.ITEM_OR_END if self._bare else _At.KEY_OR_END
            self._chars = 1
            return document[1:]
        if self._lead.endless:
            self._stop(Outcome.LIMIT)
        elif self._lead.lost:
            self._stop(Outcome.ABSENT)
        return ""

    def _stop(self, outcome: Outcome) -> None:
        self._at, self.outcome = _At.END, outcome
        self._value.take()

    def _go(self, text: str, closed: list[Element]) -> None:
        at, end = 0, len(text)
        while at < end and self._at is not _At.END:
            if self._at is _At.VALUE:
                at = self._collect(text, at, closed)
            elif (at := self._skip_white(text, at)) < end and not self._advance(text[at]):
                at += 1

    def _collect(self, text: str, at: int, closed: list[Element]) -> int:
        """Go on in the open value, to its end or that of `text`."""
        value = self._value
        at = value.scan(text, at)
        if value.over:
            self._stop(Outcome.LIMIT)
        elif value.closed:
            self._at = _AFTER[self._role]
            self._take(value.take(), closed)
        return at

    def _skip_white(self, text: str, at: int) -> int:
        """The place of the next character that is not white space; too many in a row are the end."""
        end = skip_white(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        self._blanks += end - at
        if self._blanks > self._limits.blank_run:
            self._stop(Outcome.LIMIT)
            return len(text)
        if end < len(text):
            self._blanks = 0
        return end

    def _advance(self, char: str) -> bool:
        """What `char` means between two values. Does it begin one, and is to be read again as its first character?"""
        match self._at, char:
            case _At.AFTER_ITEM, _:
                self._after_item(char)
            case _At.ITEM_OR_END, "]":
                self._end_array()
            case ((_At.KEY_OR_END | _At.AFTER_MEMBER), "}"):
                self._stop(Outcome.CLOSED)
            case ((_At.KEY_OR_END | _At.KEY), '"'):
                return self._begin(_Role.KEY, char)
            case _At.COLON, ":":
                self._at = _At.MEMBER
            case _At.AFTER_MEMBER, ",":
                self._at = _At.KEY
            case _At.MEMBER, "[" if self._wanted:
                self.has_array = True
                self._at = _At.ITEM_OR_END
            case _At.MEMBER, _ if char not in _DELIMITERS:
                return self._begin(_Role.MEMBER, char)
            case ((_At.ITEM | _At.ITEM_OR_END), _) if char not in _DELIMITERS:
                return self._begin(_Role.ITEM, char)
            case _:
                self._stop(Outcome.BROKEN)
        return False

    def _after_item(self, char: str) -> None:
        self.follower = char
        if char == ",":
            self._at = _At.ITEM
        elif char == "]":
            self._end_array()
        else:
            self._stop(Outcome.BROKEN)

    def _end_array(self) -> None:
        if self._bare:
            self._stop(Outcome.CLOSED)
        else:
            self._at = _At.AFTER_MEMBER

    def _begin(self, role: _Role, char: str) -> bool:
        self._at, self._role = _At.VALUE, role
        depth, max_chars = 1, self._limits.document_chars
        if role is _Role.ITEM:
            depth, max_chars = 1 if self._bare else 2, self._limits.element_chars
            self._count += 1
            if self._count > self._limits.elements:
                self._stop(Outcome.LIMIT)
        self._value.begin(char, depth=depth, max_chars=max_chars)
        return True

    def _take(self, value: str, closed: list[Element]) -> None:
        """A value has closed."""
        try:
            element = Element(value, strict.parse(value))
        except (strict.NotStrict, strict.LoneSurrogate) as fault:
            element = Element(value, fault=fault)
            self._sound = self._sound and isinstance(fault, strict.LoneSurrogate)
        if self._role is _Role.ITEM:
            self.follower = ""
            closed.append(element)
        elif self._role is _Role.KEY:
            key = element.value
            too_long = isinstance(key, str) and len(key) > strict.MAX_KEY_CHARS
            self._sound = self._sound and not too_long and key not in self._keys
            self._keys.add(key)
            self._wanted = key == self._key and not self.has_array
