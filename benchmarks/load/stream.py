"""One event stream, checked as it arrives: ids 1 … n, bullets counted, exactly one last event, its digest right.

A service that answers wrongly is not fast, so what is wrong here makes the request an error, whatever its time.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from streamsum.core.event_stream import EventStreamDecoder, EventTooLong, ServerSentEvent

TERMINAL = ("summary.completed", "summary.failed")

# Codes come from a server that may be anyone's, and end up in a report: only what looks like one of the contract's.
_CODE = re.compile(r"[a-z_]{1,40}", re.ASCII)


def code_of(problem: object, default: str) -> str:
    """The `code` of a problem as JSON, if it is one."""
    code = problem.get("code") if isinstance(problem, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else default


@dataclass(slots=True)
class SummaryStream:
    """Reads in; what came, and when, out. Times are whatever clock `receive` is given.

    `elements` says of each bullet which of the model's elements it was, counted from 0: rejections are elements too.
    `error` is the first thing that is wrong, `None` so far.
    """

    first_event_at: float | None = None
    bullets_at: list[float] = field(default_factory=list)
    elements: list[int] = field(default_factory=list)
    rejected: int = 0
    ended: bool = False
    finish: str | None = None
    error: str | None = None
    _decoder: EventStreamDecoder = field(default_factory=EventStreamDecoder)
    _texts: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _numbered: int = 0

    def receive(self, read: bytes, now: float) -> None:
        """One read of the body, at this time; after an error nothing more is looked at."""
        try:
            events = self._decoder.feed(read)
        except EventTooLong as long:
            events = long.events
            self.error = self.error or "event_too_long"
        for event in events:
            if self.error is None:
                self._take(event, now)

    def close(self) -> None:
        """The body is over: a stream without its last event was cut."""
        if not self.ended and self.error is None:
            self.error = "no_terminal_event"

    def _take(self, event: ServerSentEvent, now: float) -> None:
        if self.ended:
            self.error = "event_after_the_end"
            return
        try:
            data = json.loads(event.data)
        except ValueError:
            data = None
        if not isinstance(data, dict) or data.get("type") != event.event:
            self.error = "wrong_data"
        elif event.event != "bullet.delta" and not self._is_next(event.id):
            self.error = "wrong_id"
        else:
            self._note(event.event, data, now)

    def _is_next(self, id: str) -> bool:
        self._numbered += 1
        return id.rpartition(":")[2] == str(self._numbered)

    def _note(self, name: str, data: dict[str, Any], now: float) -> None:
        if self.first_event_at is None:
            self.first_event_at = now
            if name != "summary.created":
                self.error = "wrong_first_event"
        elif name == "bullet":
            self._note_bullet(data, now)
        elif name == "bullet.rejected":
            self.rejected += 1
        elif name in TERMINAL:
            self._note_end(name, data)

    def _note_bullet(self, data: dict[str, Any], now: float) -> None:
        text, count = data.get("text"), len(self.bullets_at)
        if not isinstance(text, str) or data.get("index") != count:
            self.error = "wrong_bullet"
            return
        self._texts.update(text.encode(errors="replace") + b"\n")
        self.elements.append(count + self.rejected)
        self.bullets_at.append(now)

    def _note_end(self, name: str, data: dict[str, Any]) -> None:
        self.ended = True
        ledger = data.get("ledger") if name == "summary.failed" else data
        if not isinstance(ledger, dict) or ledger.get("bullets") != len(self.bullets_at):
            self.error = "wrong_count"
        elif ledger.get("digest") != self._texts.hexdigest():
            self.error = "wrong_digest"
        elif name == "summary.failed":
            self.error = code_of(data.get("problem"), "failed")
        finish = ledger.get("finish") if isinstance(ledger, dict) else None
        self.finish = finish if isinstance(finish, str) and _CODE.fullmatch(finish) else None
