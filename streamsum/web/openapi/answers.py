"""What an operation answers: events, JSON, and problems, each status with the codes that it may carry."""

from collections.abc import Iterable
from typing import Any

from streamsum.errors import PROBLEMS
from streamsum.web.openapi.schemas import SchemaName, ref

_HEADERS = "#/components/headers/"

# Every path that needs a key may answer these.
UNCOUNTED = ("key_in_query", "unauthenticated", "forbidden", "internal_error")
# And these, where requests are counted: not DELETE, and not who follows (web/limits.py).
BEHIND_A_KEY = (*UNCOUNTED, "rate_limited", "limiter_unavailable")
# What a model, or the want of one, can make of a summary before its first bullet.
BY_THE_MODEL = (
    *("upstream_error", "upstream_rejected", "upstream_truncated", "upstream_timeout"),
    *("refusal", "output_invalid", "malformed", "limit", "loop", "length", "content_filter", "producer_lost"),
)
# What keeps a summary from being begun.
BEFORE_IT_BEGINS = (
    *("not_acceptable", "invalid_request", "context_too_long", "too_many_streams", "budget_exhausted"),
    *("overloaded", "draining", "log_unavailable"),
)


# Where requests are counted, what is left is told with the answer.
LIMITS = ("RateLimit", "RateLimit-Policy")


def headers() -> dict[str, Any]:
    """`components.headers`."""
    return {
        "X-Request-ID": _header(
            "The caller's, if it sent a fit one; else a new one.", pattern=r"^[A-Za-z0-9._-]{1,128}$"
        ),
        "Location": _header("The summary: a reference relative to this server."),
        "Retry-After": _header("Seconds.", kind="integer", minimum=0),
        "WWW-Authenticate": _header("How to show a key."),
        "Allow": _header("The methods that this resource answers."),
        "RateLimit": _header("What is left of the key's limits: draft-ietf-httpapi-ratelimit-headers."),
        "RateLimit-Policy": _header("The key's limits."),
        "Cache-Control": _header("`no-store, no-transform`: a proxy that compresses would hold events back."),
        "X-Accel-Buffering": _header("`no`: nginx's word for the same."),
        "Preference-Applied": _header("`respond-async`: RFC 7240."),
    }


def everywhere() -> dict[str, Any]:
    """`components.responses`: of no operation, as it is the answer to a method that a path has none for."""
    return {"MethodNotAllowed": _problem(405, ["method_not_allowed"])}


def events(description: str, *more: str) -> dict[str, Any]:
    """200, a stream; `more` headers."""
    content = {"text/event-stream": {"itemSchema": ref("EventStreamItem")}}
    return {
        "description": description,
        "headers": _named("X-Request-ID", "Location", "Cache-Control", "X-Accel-Buffering", *more),
        "content": content,
    }


def json(description: str, schema: SchemaName, *more: str) -> dict[str, Any]:
    """A JSON object; `more` headers."""
    content = {"application/json": {"schema": ref(schema)}}
    return {"description": description, "headers": _named("X-Request-ID", *more), "content": content}


def either(description: str) -> dict[str, Any]:
    """200: a stream, or with `stream: false` the whole."""
    answer = events(description, *LIMITS)
    answer["content"] |= json("", "SummaryReply")["content"]
    return answer


def text(description: str, media_type: str) -> dict[str, Any]:
    """Anything else."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {"description": description, "headers": _named("X-Request-ID"), "content": content}


def nothing(description: str) -> dict[str, Any]:
    """204."""
    return {"description": description, "headers": _named("X-Request-ID")}


def problems(*codes: str) -> dict[str, Any]:
    """Each status that these codes have."""
    statuses = sorted({PROBLEMS[code][0] for code in codes})
    return {str(status): _problem(status, (c for c in codes if PROBLEMS[c][0] == status)) for status in statuses}


def _problem(status: int, codes: Iterable[str]) -> dict[str, Any]:
    said = sorted(set(codes))
    schema = {**ref("Problem"), "properties": {"status": {"const": status}, "code": {"enum": said}}}
    return {
        "description": ", ".join(f"`{code}`" for code in said) + ".",
        "headers": _named("X-Request-ID", *_OF_STATUS.get(status, ())),
        "content": {"application/problem+json": {"schema": schema}},
    }


_OF_STATUS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After", *LIMITS),
    503: ("Retry-After",),
}


def _named(*names: str) -> dict[str, Any]:
    return {name: {"$ref": _HEADERS + name} for name in names}


def _header(description: str, *, kind: str = "string", **rules: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind, **rules}}
