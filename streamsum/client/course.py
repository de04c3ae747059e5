"""The way of one summary through as many connections as it takes: what to ask next, and what has come. No I/O.

The law: nothing is paid for twice (one idempotency key a request; a cursor as soon as there is one), no event is given
twice or left out, and after so many tries in a row that bring nothing new there is an error, not a silence.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import jiter
from pydantic import ValidationError

from streamsum.client.errors import ClientError, NotStreamsum, Refused, StreamCut, Unreachable
from streamsum.client.persistence import FIRST_PAUSE_S, Persistence, pause_s
from streamsum.client.refusal import refusal_of, why
from streamsum.core.events import ANY_EVENT, KNOWN_EVENTS, BulletDelta, Event, SummaryCompleted, SummaryFailed

# What servers say (`retry: 2000`), for who was cut before it came.
DEFAULT_RETRY_S = 2.0

# These pass by themselves; the rest would be the same again, or costs a model's work.
_PASSING = frozenset(
    {
        "draining",
        "limiter_unavailable",
        "log_unavailable",
        "overloaded",
        "producer_lost",
        "rate_limited",
        "request_timeout",
        "too_many_streams",
    }
)

_LOCATION = re.compile(r"(?:.*/)?v1/summaries/([A-Za-z0-9_-]{22})")


class Ask(NamedTuple):
    """One request: `path` is relative to the server's URL."""

    method: str
    path: str
    headers: dict[str, str]
    json: dict[str, Any] | None


class Course:
    """One summary, begun by `body` or followed by its `id`; `draw` is a number from 0 to 1, for jitter."""

    def __init__(
        self,
        *,
        persistence: Persistence,
        draw: Callable[[], float],
        body: dict[str, Any] | None = None,
        idempotency_key: str = "",
        id: str = "",
        after: int = 0,
    ) -> None:
        self.id = id  # "": not known yet
        self.n = after  # of the last event
        self.over = False  # the last event has come, or there is none to come
        self.pause_s = 0.0  # to wait before the next request
        self._body = body
        self._idempotency_key = idempotency_key
        self._after = after
        self._persistence = persistence
        self._draw = draw
        self._tries = 0  # in a row, that brought nothing new
        self._unanswered = 0  # requests to begin it that the server may have had
        self._retry_s = DEFAULT_RETRY_S
        self._left = False

    def ask(self) -> Ask:
        """The next request to make."""
        # Compressed, a stream would wait in somebody's buffer.
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self.id:
            if self.n:
                headers["Last-Event-ID"] = f"{self.id}:{self.n}"
            return Ask("GET", f"/v1/summaries/{self.id}/events", headers, None)
        self._unanswered += 1
        headers["Idempotency-Key"] = self._idempotency_key
        return Ask("POST", "/v1/summaries", headers, self._body)

    def ask_for_id(self) -> Ask | None:
        """To cancel what may run, and has no id yet: the same request joins it, and waits for nothing. Else None."""
        if self.id or not self._unanswered:
            return None
        headers = {"Idempotency-Key": self._idempotency_key, "Prefer": "respond-async"}
        return Ask("POST", "/v1/summaries", headers, self._body)

    def joined(self, response: httpx2.Response) -> None:
        """What `ask_for_id` was answered."""
        self._unanswered = 0
        if response.is_success:
            self._learn_id(response)

    def leave(self) -> bool:
        """Nobody wants to hear more. Is it to be cancelled? What was begun here, has no end yet, and was not to be
        finished all the same; and only once: cancelled twice, a summary is forgotten.
        """
        is_first, self._left = not self._left, True
        is_ours = self._body is not None and self._body.get("on_disconnect") != "finish"
        return is_first and is_ours and not self.over

    def opens(self, response: httpx2.Response) -> bool:
        """Do events follow? Else `ends` has to look at the body."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or kind != "text/event-stream":
            return False
        self._learn_id(response)
        return True

    def takes(self, sse: httpx2.ServerSentEvent) -> Event | None:
        """The event in this, if it is a new one that we know. Raises NotStreamsum."""
        if sse.retry is not None:
            self._retry_s = min(max(sse.retry / 1000, 0), self._persistence.longest_pause_s)
        if not sse.data:  # an id or a time alone: no event, by the format's rules
            return None
        event = _event_of(sse.data)
        if isinstance(event, BulletDelta):
            return event
        if not self._is_next(sse.id):
            return None
        self._tries = 0
        self.over = isinstance(event, SummaryCompleted | SummaryFailed)
        return event

    def ends(self, response: httpx2.Response, body: bytes) -> None:
        """No events: that was all (204), or no, for now or for good. Raises Refused, NotStreamsum, StreamCut."""
        if response.status_code == 204 and not self._has_begun:
            self.over = True
            return
        error = refusal_of(response, body)
        if isinstance(error, Refused) or not _may_pass(error, response.status_code):
            self._unanswered -= not self.id  # that request began nothing; of a gateway's own answer nobody can say so
        if not _may_pass(error, response.status_code):
            raise self._cut_off(error) if self._has_begun else error
        asked_s = (error.retry_after or 0.0) if isinstance(error, Refused) else 0.0
        if asked_s > self._persistence.longest_pause_s:
            raise self._cut_off(error) if self._has_begun else error
        self._count(error)
        self.pause_s = max(asked_s, self.pause_s)

    def lost(self, error: httpx2.RequestError | None) -> None:
        """The connection is gone; without an error: in good order, but too soon. Raises Unreachable, StreamCut."""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            self._unanswered -= not self.id  # nothing was sent
        self._count(Unreachable(why(error)))

    @property
    def _has_begun(self) -> bool:
        """Has the caller seen anything of it?"""
        return self.n > self._after

    def _learn_id(self, response: httpx2.Response) -> None:
        if not self.id and (found := _LOCATION.fullmatch(response.headers.get("location", ""))):
            self.id = found[1]

    def _count(self, error: ClientError) -> None:
        self._tries += 1
        allowed = self._persistence.resumes if self.id else self._persistence.starts
        if self._tries >= allowed:
            raise self._cut_off(error) if self._has_begun else error
        base_s = self._retry_s if self.id else FIRST_PAUSE_S
        self.pause_s = pause_s(self._tries, base_s=base_s, longest_s=self._persistence.longest_pause_s, draw=self._draw)

    def _cut_off(self, error: ClientError) -> StreamCut:
        cut = StreamCut(
            f"the events broke off after {self.n}, and there is no going on ({error})", id=self.id, n=self.n
        )
        cut.__cause__ = error
        return cut

    def _is_next(self, cursor: str) -> bool:
        """Is it the event after the last one? What came before is not told again; a gap is never passed over."""
        id, _, number = cursor.rpartition(":")
        if not id or not number.isascii() or not number.isdigit() or (self.id and id != self.id):
            raise NotStreamsum("an event has no id, or another summary's")
        self.id = id
        if int(number) > self.n + 1:
            raise NotStreamsum(f"the events {self.n + 1} to {int(number) - 1} are missing")
        is_next = int(number) == self.n + 1
        self.n += is_next
        return is_next


def _event_of(data: str) -> Event | None:
    """None: of a kind that came after this client was written."""
    try:
        return ANY_EVENT.validate_json(data)
    except ValidationError:
        pass
    try:
        value = jiter.from_json(data.encode())
    except ValueError:
        value = None
    if isinstance(value, dict) and isinstance(value.get("type"), str) and value["type"] not in KNOWN_EVENTS:
        return None
    raise NotStreamsum("an event is none of ours")


def _may_pass(error: ClientError, status: int) -> bool:
    """A gateway's own 502 is no word of the service's: it is there again when the service is."""
    if isinstance(error, Refused):
        return error.problem.code in _PASSING
    return status in {502, 503, 504}
