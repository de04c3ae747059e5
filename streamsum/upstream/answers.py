"""Read a model's answer as it is streamed: bytes in, the model's text out, and at the end how it ended.

What the wires have in common; `chunks.py` and `responses.py` know what their messages mean. Pure. Reads what is there,
never what should be: servers differ in all that a wire's documentation leaves open, and in some that it does not. Any
cutting of the same bytes gives the same text and the same end.
"""

import json
import re
from abc import ABC, abstractmethod
from typing import Any

import jiter

from streamsum.core.event_stream import MAX_EVENT_BYTES, EventStreamDecoder, EventTooLong, ServerSentEvent
from streamsum.core.passes import Cause, End, Usage
from streamsum.upstream.stencil import Stencil

# An 8,000-token answer is 2.5 MiB of raw stream: what is longer than six of those is no summary.
MAX_RAW_BYTES = 16 << 20

# A larger figure is no count of tokens: from here on JSON's readers do not agree (RFC 8259, section 6).
MAX_TOKENS = 2**53

# A stream has few events of another form than the rest; where there are more, looking for runs does not pay.
_SINGLE_EVENTS = 8

# Of reasoning that is no string, such as an encrypted piece: as long as a token of prose.
_CHARS_OF_A_THOUGHT = 4

# As an answer has ended that has only begun.
_NO_END = End(Cause.CUT)

_SHOWABLE = re.compile(r"[\w.-]{1,64}", re.ASCII)


class BadAnswer(Exception):
    """A message that tells of an error, or is not of the wire's form."""


class AnswerDecoder(ABC):
    """One answer, read after read.

    `done`: whatever comes now does not count; with a `failure` when it was not the stream that said so. `alive`: the
    last read brought text, reasoning or a refusal.
    """

    def __init__(self, *, max_raw_bytes: int = MAX_RAW_BYTES) -> None:
        self.done = False
        self.failure: Cause | None = None
        self.alive = False
        self._events = EventStreamDecoder(also=("error",))
        self._stencil = Stencil(self._text_of)
        self._room = max_raw_bytes
        self._text: list[str] = []
        self._halves = False  # have there been lone halves of surrogate pairs?
        self._high_half = ""  # the one that the next delta may complete
        self._refused = False
        self._finish_reason: str | None = None
        self._prompt_tokens: int | None = None
        self._completion_tokens: int | None = None
        self._thought_chars = 0

    def feed(self, read: bytes) -> str:
        """The text that this read brings, joined; "" when it brings none."""
        self.alive = False
        if not self.done:
            self._take_read(read[: self._room])
            self._room -= len(read)
            if self._room < 0:
                self._stop(Cause.LIMIT)
        text = "".join(self._text)
        self._text.clear()
        return text

    def end(self) -> End:
        """How the answer ended, as far as it has come."""
        reason = self._finish_reason
        return End(
            cause=self._cause(),
            finish_reason=reason if reason and _SHOWABLE.fullmatch(reason) else None,
            usage=self._usage(),
            thought_chars=self._thought_chars,
        )

    @abstractmethod
    def _take_message(self, message: dict[str, Any]) -> None:
        """One event's data. Raises BadAnswer."""

    @abstractmethod
    def _meaning(self, finish_reason: str) -> Cause:
        """What the wire means by this word."""

    def _cause(self) -> Cause:
        if self.failure:
            return self.failure
        if self._refused:
            return Cause.REFUSAL
        return self._meaning(self._finish_reason or "")

    def _usage(self) -> Usage | None:
        if self._prompt_tokens is None and self._completion_tokens is None:
            return None
        return Usage(prompt_tokens=self._prompt_tokens, completion_tokens=self._completion_tokens)

    def _stop(self, failure: Cause | None = None) -> None:
        """The first reason to stop is the one that counts."""
        if not self.done:
            self.failure = failure
            self.done = True

    def _take_read(self, read: bytes) -> None:
        """Runs of events of a known form, and single events from which it can be learned; then the rest."""
        at, singles = 0, _SINGLE_EVENTS if len(read) <= MAX_EVENT_BYTES else 0
        while singles and self._stencil.credit > 0 and not self.done:
            rests = self._events.rests
            if rests and (run := self._stencil.lay_on(read, at)):
                text, at = run
                if text:
                    self._add_text(text)
                if at == len(read):
                    return
            if not (end := read.find(b"\n\n", at) + 2) > 1:
                break
            texts, event = len(self._text), read[at:end]
            self._take_piece(event)
            at, singles = end, singles - 1
            if rests and len(self._text) == texts + 1:
                self._stencil.learn(event, self._text[-1])
        self._take_piece(read[at:])

    def _take_piece(self, read: bytes) -> None:
        try:
            self._take_events(self._events.feed(read))
        except EventTooLong as too_long:
            self._take_events(too_long.events)
            self._stop(Cause.LIMIT)

    def _take_events(self, events: list[ServerSentEvent]) -> None:
        try:
            for name, data, _ in events:
                if self.done:
                    return
                if name == "error":
                    raise BadAnswer
                if data == b"[DONE]":
                    self._stop()
                elif data:
                    message = self._parse(data)
                    if not isinstance(message, dict):
                        raise BadAnswer
                    self._take_message(message)
        except BadAnswer:
            self._stop(Cause.ERROR)

    def _parse(self, data: bytes) -> Any:
        try:
            return jiter.from_json(data)
        except ValueError:
            return self._parse_with_halves(data)

    def _parse_with_halves(self, data: bytes) -> Any:
        """jiter refuses a lone surrogate, but a pair may be split over two deltas; the standard library takes it."""
        if b"\\u" not in data:
            raise BadAnswer
        try:
            message = json.loads(data.decode())
        except (ValueError, RecursionError):
            raise BadAnswer from None
        self._halves = True
        return message

    @classmethod
    def _text_of(cls, event: bytes) -> str | None:
        """What one event by itself says; None if it says more than text, or is none."""
        alone = cls()
        text = alone.feed(event)
        says_more = (
            alone.done
            or alone.end() != _NO_END
            or alone._finish_reason is not None  # one that is not shown ends an answer as well
            or alone.alive != bool(text)
            or not alone._events.rests
        )
        return None if says_more else text

    def _take_usage(self, usage: object, *, prompt: str, completion: str) -> None:
        """Some servers send running totals: the last figure counts. `prompt` and `completion` are the wire's names."""
        if isinstance(usage, dict):
            self._prompt_tokens = _tokens(usage.get(prompt), self._prompt_tokens)
            self._completion_tokens = _tokens(usage.get(completion), self._completion_tokens)

    def _refuse(self) -> None:
        self._refused = self.alive = True

    def _note_thought(self, thought: object) -> None:
        """Reasoning has come: it costs what text costs. Some forms of it are no strings: a token each, or so."""
        self.alive = True
        self._thought_chars += len(thought) if isinstance(thought, str) else _CHARS_OF_A_THOUGHT

    def _add_text(self, text: str) -> None:
        self.alive = True
        if self._refused:  # what follows a refusal is none of the answer: it must not close the document
            return
        if self._halves:
            text = self._join_halves(text)
        self._text.append(text)

    def _join_halves(self, text: str) -> str:
        """Join pairs; hold a high half back until its low half comes. One that stays alone is the core's to judge."""
        text = self._high_half + text
        self._high_half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text.removesuffix(self._high_half)
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _tokens(figure: object, known: int | None) -> int | None:
    return figure if type(figure) is int and 0 <= figure < MAX_TOKENS else known
