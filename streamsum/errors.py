"""Every error of ours, and what a client is told of it.

    StreamsumError
    ├── SettingsError       a setting or the installation is wrong; the message is for the operator
    ├── RequestRefused      the caller's fault, or our state: becomes a problem response
    │   └── OverLimit       more than its key may; carries how that limit stands (`runs.limits.limiter.Standing`)
    ├── LimiterDown         the limits cannot be looked at
    ├── UpstreamError       a pass ended before its first content; carries how (`core.passes.End`)
    └── LogError
        ├── Fenced          somebody else owns this summary now
        ├── HandedOver      this process goes, and another goes on with this summary
        ├── LogDown         the event log cannot be reached
        ├── NotFound        no such summary for this key, asked without a cursor
        ├── Expired         a cursor into history that is not there (any more)
        ├── InvalidCursor   a cursor beyond the last event, or malformed
        └── IdempotencyConflict   the same key came with another request

Nothing in a message, and nothing in a problem, comes from a user's text, an upstream's message or another exception.
"""

from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_ABSENT = Field(default=None, exclude_if=lambda value: value is None)

# code -> (status, what we say of it). The codes are the contract's.
PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid_json": (400, "The body is not strictly valid JSON."),
    "invalid_event_id": (400, "The cursor is malformed, of another summary, or beyond the last event."),
    "key_in_query": (400, "A key belongs into the Authorization header, never into a query: it is compromised now."),
    "unauthenticated": (401, "Send a valid key: Authorization: Bearer ..."),
    "forbidden": (403, "This server does not answer such a request."),
    "not_found": (404, "There is nothing here under this name."),
    "method_not_allowed": (405, "This resource does not answer that method."),
    "not_acceptable": (406, "Only text/event-stream and application/json can be sent."),
    "request_timeout": (408, "The body did not arrive in time."),
    "idempotency_conflict": (409, "This Idempotency-Key was used with another request."),
    "expired": (410, "What this cursor points at is not kept any more."),
    "too_large": (413, "The body is larger than this server takes."),
    "uri_too_long": (414, "The query is over 8 KiB: send the text with POST."),
    "unsupported_media_type": (415, "Send application/json in UTF-8, not compressed."),
    "invalid_request": (422, "The request has fields that do not fit: see errors."),
    "context_too_long": (422, "The text is longer than the model can take."),
    "rate_limited": (429, "This key has made too many requests: wait."),
    "too_many_streams": (429, "This key has as many summaries running as it may: wait for one to end."),
    "budget_exhausted": (429, "This key's tokens for the day do not suffice for this request."),
    "internal_error": (500, "Something broke on our side."),
    "upstream_error": (502, "The model's server failed."),
    "upstream_rejected": (502, "The model's server refused our request."),
    "upstream_truncated": (502, "The model's answer ended in the middle."),
    "refusal": (502, "The model declined to answer."),
    "output_invalid": (502, "The model's answer was not of the form that was asked for."),
    "malformed": (502, "The model's answer was broken JSON."),
    "limit": (502, "The model's answer ran over one of our limits."),
    "loop": (502, "The model repeated itself."),
    "length": (502, "The model ran out of tokens."),
    "content_filter": (502, "A content filter cut the model's answer."),
    "overloaded": (503, "Too much is going on: try again later."),
    "draining": (503, "This server is shutting down: try again."),
    "log_unavailable": (503, "The event log cannot be reached: try again later."),
    "limiter_unavailable": (503, "The limits of this key cannot be looked at: try again later."),
    "producer_lost": (503, "The process that made this summary is gone."),
    "upstream_timeout": (504, "The model did not answer in time."),
}


class FieldError(BaseModel):
    """One thing wrong with one declared field; never the value."""

    model_config = ConfigDict(frozen=True)

    loc: tuple[str | int, ...]
    code: str
    detail: str


class Problem(BaseModel):
    """What a client is told of an error: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457.

    `type` stays `about:blank` (section 4.2.1: the title is then the status's phrase); `code` tells problems apart.
    """

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: Annotated[tuple[FieldError, ...] | None, _ABSENT] = None
    max_chars: Annotated[int | None, _ABSENT] = None
    retry_after: Annotated[int | None, _ABSENT] = None

    @classmethod
    def of(cls, code: str, detail: str | None = None, **more: Any) -> "Problem":
        """The problem with this code of the contract, its status and words taken from our table."""
        status, words = PROBLEMS[code]
        return cls(title=HTTPStatus(status).phrase, status=status, detail=detail or words, code=code, **more)


class StreamsumError(Exception):
    """Whatever goes wrong in streamsum and is not a bug."""


class SettingsError(StreamsumError):
    """A setting or the installation is wrong; the message tells the operator what to do."""


class RequestRefused(StreamsumError):
    """This request gets a problem for an answer."""

    def __init__(self, code: str, detail: str | None = None, **more: Any) -> None:
        """`code` is one of `PROBLEMS`; `more` are the problem's other members."""
        self.problem = Problem.of(code, detail, **more)
        super().__init__(code)


class LimiterDown(StreamsumError):
    """The limits cannot be looked at: their store cannot be reached."""


class LogError(StreamsumError):
    """The event log did not do what was asked."""


class Fenced(LogError):
    """Somebody else owns this summary now: stop writing."""


class HandedOver(LogError):
    """This process goes, and another goes on with this summary."""


class LogDown(LogError):
    """The event log cannot be reached."""


class NotFound(LogError):
    """No such summary for this key."""


class Expired(LogError):
    """The history after this cursor is not there."""


class InvalidCursor(LogError):
    """The cursor is beyond the last event."""


class IdempotencyConflict(LogError):
    """The same key came with another request."""
