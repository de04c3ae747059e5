"""Cut a JSON document that is still arriving into the elements of its array.

An element is cut out at its closing character, whatever comes next (a number, `true`, `false` and `null` close at the
next delimiter), and is then parsed strictly, once. So a broken element is reported as broken, and the next is found.
Between values the grammar is followed to the letter: what does not fit there breaks the document.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import jiter

from streamsum.core import strict
from streamsum.core.document import DocumentEnd, Element, Limits, Outcome
from streamsum.core.lead import Lead
from streamsum.core.value import WHITE, OpenValue, skip_white

_DELIMITERS = ",:]}"  # no value begins with one

# What a delta closes that is all of one open string: nothing, and nothing else has changed either.
GREW: Final[tuple[Element, ...]] = ()


class ElementDecoder:
    """Deltas in, closed elements out; no I/O.

    The document is `{key: [...]}`, where the first array under `key` at the root counts, or a bare array.
    """

    __slots__ = (
        "_bare",
        "_begun_at",
        "_blanks",
        "_closed",
        "_count",
        "_key",
        "_keys",
        "_lead",
        "_limits",
        "_next",
        "_overrun",
        "_room",
        "_sound",
        "_spare",
        "_take",
        "_value",
        "_wanted",
        "done",
        "follower",
        "has_array",
        "outcome",
    )

    def __init__(self, key: str = "bullets", *, limits: Limits | None = None) -> None:
        """Elements are those of the array under `key`."""
        self._key = key
        self._limits = limits or Limits()
        self._lead: Lead | None = Lead(lead_chars=self._limits.lead_chars, blank_run=self._limits.blank_run)
        self._value = OpenValue(max_depth=self._limits.depth, blank_run=self._limits.blank_run)
        self._next: _ReadChar = ElementDecoder._root  # what reads the next character between two values
        self._take: _TakeValue = ElementDecoder._take_item  # what takes the open value when it has closed
        self._room = self._limits.document_chars  # how many characters may still come
        self._spare = 0  # those that may only come after the open value
        self._blanks = 0  # white space in a row, up to here
        self._closed: list[Element] = []  # by this read
        self._begun_at = 0  # `room` of the open value before its first character
        self._overrun = ""  # the element that came to a limit
        self._count = 0  # elements begun
        self._sound = True  # strict JSON, in all that has closed
        self._bare = False  # is the root an array?
        self._keys: set[Any] = set()  # of the root
        self._wanted = False  # is the member to come the array?
        self.outcome = Outcome.ABSENT
        self.done = False  # nothing that comes will change anything
        self.has_array = False
        self.follower = ""  # the first character after the last closed element that is not white space

    def feed(self, delta: str) -> Sequence[Element]:
        """The elements that `delta` closes, in order; `GREW`. After the document's end everything is ignored."""
        value = self._value
        if value.in_string and '"' not in delta and "\\" not in delta and (room := value.room - len(delta)) >= 0:
            # Nearly every delta of a model is all of one string: told and kept in one frame.
            value.room = room
            value.pieces.append(delta)
            return GREW
        if not delta:  # a read that brought reasoning only
            return []
        at = value.scan(delta, 0) if value.is_open else 0
        return [] if value.is_open else self._read(delta, at)

    @property
    def in_value(self) -> bool:
        """Is one open?"""
        return self._value.is_open

    @property
    def open_chars(self) -> int:
        """The length of `open_text`, at no cost."""
        if self._value.is_open and self._take is ElementDecoder._take_item:
            return self._begun_at - self._value.room
        return len(self._overrun)

    @property
    def open_text(self) -> str:
        """The open element as far as it has come, or the one that came to a limit; "" where there is none."""
        return self._value.text if self._value.is_open and self._take is ElementDecoder._take_item else self._overrun

    def preview(self) -> Any:
        """The open element as far as it has come, through jiter's partial mode; None where there is nothing to show."""
        if not self._value.is_open or self._take is not ElementDecoder._take_item:
            return None
        try:
            return jiter.from_json(self._value.text.encode(), partial_mode="trailing-strings")
        except ValueError:
            return None

    def close(self) -> DocumentEnd:
        """What was there, now that the deltas have ended."""
        valid = self.outcome is Outcome.CLOSED and self._sound
        return DocumentEnd(outcome=self.outcome, has_array=self.has_array, elements=self._count, valid=valid)

    def _enter(self, lead: Lead, text: str) -> str:
        """What of `text` belongs to the document."""
        document = lead.find(text)
        if lead.endless:
            self._stop(Outcome.LIMIT)
        elif lead.lost:
            self._stop(Outcome.ABSENT)
        elif document is not None:
            self._lead = None
            return document
        return ""

    def _stop(self, outcome: Outcome) -> None:
        self.done, self.outcome = True, outcome
        self._lead = None
        self._value.take()

    def _read(self, text: str, at: int) -> list[Element]:
        """Go on in `text` at `at`, where no value is open, though one may just have closed."""
        value = self._value
        self._closed = []
        if value.pieces:
            self._end_value(value)
        elif self._lead:
            text = self._enter(self._lead, text)
        while at < len(text) and not self.done:
            if value.is_open:
                at = value.scan(text, at)
                if not value.is_open:
                    self._end_value(value)
            elif (char := text[at]) in WHITE:
                at = self._skip_white(text, at)
            else:
                at += 1
                self._blanks = 0
                self._room -= 1
                if self._room < 0:
                    self._stop(Outcome.LIMIT)
                else:
                    self._next(self, char)
        return self._closed

    def _end_value(self, value: OpenValue) -> None:
        """It has closed, or come to one of its limits."""
        if value.over:
            if self._take is ElementDecoder._take_item:
                self._overrun = value.text[: value.room] if value.room < 0 else value.text
            self._stop(Outcome.LIMIT)
            return
        self._room = value.room + self._spare
        text = value.take()
        try:
            element = Element(text, strict.parse(text))
        except (strict.NotStrict, strict.LoneSurrogate) as fault:
            self._sound = self._sound and isinstance(fault, strict.LoneSurrogate)
            element = Element(text, fault=fault)
        self._take(self, element)

    def _skip_white(self, text: str, at: int) -> int:
        end = skip_white(text, at).end()
        self._blanks += end - at
        self._room -= end - at
        if self._blanks > self._limits.blank_run or self._room < 0:
            self._stop(Outcome.LIMIT)
        return end

    # The states: each is the method that reads the next character, and says which one reads after it.

    def _root(self, char: str) -> None:
        self.outcome = Outcome.OPEN
        self._bare = self.has_array = char == "["
        self._next = ElementDecoder._item_or_end if self._bare else ElementDecoder._key_or_end

    def _key_or_end(self, char: str) -> None:
        if char == "}":
            self._stop(Outcome.CLOSED)
        else:
            self._root_key(char)

    def _root_key(self, char: str) -> None:
        if char == '"':
            self._begin(char, ElementDecoder._take_key, depth=1, room=self._room)
        else:
            self._stop(Outcome.BROKEN)

    def _colon(self, char: str) -> None:
        if char == ":":
            self._next = ElementDecoder._member
        else:
            self._stop(Outcome.BROKEN)

    def _member(self, char: str) -> None:
        if char == "[" and self._wanted:
            self.has_array = True
            self._next = ElementDecoder._item_or_end
        elif char in _DELIMITERS:
            self._stop(Outcome.BROKEN)
        else:
            self._begin(char, ElementDecoder._take_member, depth=1, room=self._room)

    def _after_member(self, char: str) -> None:
        if char == ",":
            self._next = ElementDecoder._root_key
        else:
            self._stop(Outcome.CLOSED if char == "}" else Outcome.BROKEN)

    def _item_or_end(self, char: str) -> None:
        if char == "]":
            self._end_array()
        else:
            self._item(char)

    def _item(self, char: str) -> None:
        if char in _DELIMITERS:
            self._stop(Outcome.BROKEN)
        elif self._count == self._limits.elements:
            self._stop(Outcome.LIMIT)
        else:
            self._count += 1
            room = min(self._room, self._limits.element_chars - 1)
            self._begin(char, ElementDecoder._take_item, depth=1 if self._bare else 2, room=room)

    def _after_item(self, char: str) -> None:
        self.follower = char
        if char == ",":
            self._next = ElementDecoder._item
        elif char == "]":
            self._end_array()
        else:
            self._stop(Outcome.BROKEN)

    def _end_array(self) -> None:
        if self._bare:
            self._stop(Outcome.CLOSED)
        else:
            self._next = ElementDecoder._after_member

    # The values: where one begins, and what becomes of it.

    def _begin(self, char: str, take: "_TakeValue", *, depth: int, room: int) -> None:
        self._take = take
        self._spare = self._room - room
        self._begun_at = room + 1
        self._value.begin(char, depth=depth, room=room)
        if self._value.over:
            self._stop(Outcome.LIMIT)

    def _take_item(self, element: Element) -> None:
        self.follower = ""
        self._closed.append(element)
        self._next = ElementDecoder._after_item

    def _take_member(self, element: Element) -> None:
        self._next = ElementDecoder._after_member

    def _take_key(self, element: Element) -> None:
        key = element.value
        too_long = isinstance(key, str) and len(key) > strict.MAX_KEY_CHARS
        self._sound = self._sound and not too_long and key not in self._keys
        self._keys.add(key)
        self._wanted = key == self._key and not self.has_array
        self._next = ElementDecoder._colon


# Methods, not bound ones: a decoder that held those would hold itself.
_ReadChar = Callable[[ElementDecoder, str], None]
_TakeValue = Callable[[ElementDecoder, Element], None]
