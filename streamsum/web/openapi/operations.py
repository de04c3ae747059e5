"""The routes as a caller sees them: what is asked, and what is answered."""

from typing import Any

from streamsum.web.cursors import MAX_CURSOR_CHARS, SUMMARY_ID
from streamsum.web.openapi import answers
from streamsum.web.openapi.answers import BEFORE_IT_BEGINS, BEHIND_A_KEY, BY_THE_MODEL, LIMITS, UNCOUNTED, problems
from streamsum.web.openapi.schemas import ref, request_fields

Operation = dict[str, Any]
_OPEN: list[dict[str, list[str]]] = [{}]
_CURSOR = {"type": "string", "maxLength": MAX_CURSOR_CHARS, "pattern": rf"^({SUMMARY_ID}:(0|[1-9][0-9]*))?$"}

_START = """\
The status is held until the model's first content has come, or for five seconds: what goes wrong before is a status of
its own, what goes wrong later is the event `summary.failed`."""
_START_BY_QUERY = """\
Answers at once. With a cursor it goes on with the summary that the cursor points into, so that an `EventSource` that
comes back never begins, or pays for, a second one. If the event log is lost before the first event is told, the answer
is an empty stream with `retry: 2000`, and the summary ends. Text in a query stands in proxies' logs and browser
histories: prefer POST."""
_CANCEL = (
    "One that runs ends as `cancelled`, and the model is hung up; one that has ended is forgotten. Twice is no error."
)
_FOLLOW = """\
From the start, or after the cursor, then live. While the event log cannot be reached the answer is an empty stream with
`retry: 2000`. At most five listeners a summary: a sixth replaces the oldest."""


def paths() -> dict[str, Any]:
    """`paths` of the document."""
    return {
        "/v1/summaries": {"post": _start_by_body(), "get": _start_by_query()},
        "/v1/summaries/{id}": {"parameters": [_id()], "get": _show(), "delete": _cancel()},
        "/v1/summaries/{id}/events": {"parameters": [_id()], "get": _follow()},
        "/stream": {"get": _start_short()},
        "/v1/models": {"get": _models()},
        "/healthz": {"get": _healthz()},
        "/readyz": {"get": _readyz()},
        "/metrics": {"get": _metrics()},
        "/openapi.json": {"get": _document()},
        "/docs": {"get": _page()},
    }


def _start_by_body() -> Operation:
    codes = (
        *("invalid_json", "request_timeout", "idempotency_conflict", "too_large", "unsupported_media_type"),
        *BEFORE_IT_BEGINS,
        *BY_THE_MODEL,
        *BEHIND_A_KEY,
    )
    parameters = [
        _header(
            "Idempotency-Key", "The same key with the same request joins the same summary.", r"^[\x21-\x7e]{1,255}$"
        ),
        _header("Prefer", "`respond-async`: answer at once, with where the events are (RFC 7240)."),
    ]
    return {
        "operationId": "startSummary",
        "summary": "Summarise a text",
        "description": _START,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref("SummaryRequest")}}},
        "responses": {
            "200": answers.either("The events; with `stream: false` the whole, as soon as it is over."),
            "202": answers.json(
                "With `Prefer: respond-async`: it runs.", "AcceptedReply", "Location", "Preference-Applied", *LIMITS
            ),
            **problems(*codes),
        },
    }


def _start_by_query() -> Operation:
    return _started_by_query("startSummaryByQuery", "Summarise a text, for a browser's `EventSource`", text_name="text")


def _start_short() -> Operation:
    return _started_by_query("startSummaryShort", "The same, in its shortest form", text_name="q")


def _started_by_query(id: str, summary: str, *, text_name: str) -> Operation:
    """`stream` is not offered to an `EventSource`, but it is taken."""
    codes = ("invalid_event_id", "expired", "uri_too_long", *BEFORE_IT_BEGINS, *BY_THE_MODEL, *BEHIND_A_KEY)
    fields = [
        _query(text_name, _needed_without_cursor(schema)) if name == "text" else _query(name, schema)
        for name, schema in request_fields().items()
    ]
    return {
        "operationId": id,
        "summary": summary,
        "description": _START_BY_QUERY,
        "parameters": [*fields, *_cursors()],
        "responses": {
            "200": answers.either("The events; with `stream=false` the whole, as soon as it is over."),
            "204": answers.nothing("The client has had the last event."),
            **problems(*codes),
        },
    }


def _show() -> Operation:
    return {
        "operationId": "showSummary",
        "summary": "A summary as it stands",
        "responses": {
            "200": answers.json("What is known of it by now.", "SummaryReply", *LIMITS),
            **problems("not_found", "not_acceptable", "log_unavailable", *BEHIND_A_KEY),
        },
    }


def _cancel() -> Operation:
    return {
        "operationId": "cancelSummary",
        "summary": "End a summary, or forget it",
        "description": _CANCEL,
        "responses": {
            "204": answers.nothing("Done."),
            **problems("not_found", "log_unavailable", *UNCOUNTED),
        },
    }


def _follow() -> Operation:
    codes = ("invalid_event_id", "not_found", "not_acceptable", "expired", *UNCOUNTED)
    return {
        "operationId": "followSummary",
        "summary": "A summary's events",
        "description": _FOLLOW,
        "parameters": [*_cursors(), _query("ticket", {"type": "string", "description": "From `events_url`."})],
        "security": [{"key": []}, {"ticket": []}, {}],
        "responses": {
            "200": answers.events("The events."),
            "204": answers.nothing("The client has had the last event."),
            **problems(*codes),
        },
    }


def _models() -> Operation:
    return {
        "operationId": "listModels",
        "summary": "The models that a request may name",
        "responses": {"200": answers.json("With their limits.", "ModelsReply", *LIMITS), **problems(*BEHIND_A_KEY)},
    }


def _healthz() -> Operation:
    return {
        "operationId": "healthz",
        "summary": "Is the process alive?",
        "security": _OPEN,
        "responses": {"200": answers.json("It answers.", "StatusReply"), **problems("forbidden", "internal_error")},
    }


def _readyz() -> Operation:
    return {
        "operationId": "readyz",
        "summary": "Would a new summary be taken?",
        "security": _OPEN,
        "responses": {
            "200": answers.json("It would.", "StatusReply"),
            **problems("draining", "log_unavailable", "forbidden", "internal_error"),
        },
    }


def _metrics() -> Operation:
    return {
        "operationId": "metrics",
        "summary": "Figures for Prometheus, by loopback",
        "responses": {
            "200": answers.text("Prometheus' text format.", "text/plain"),
            **problems("not_found", *BEHIND_A_KEY),
        },
    }


def _document() -> Operation:
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": _OPEN,
        "responses": {
            "200": {
                "description": "OpenAPI 3.2.",
                "headers": {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}},
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **problems("forbidden", "internal_error"),
        },
    }


def _page() -> Operation:
    return {
        "operationId": "docs",
        "summary": "This document, for people",
        "security": _OPEN,
        "responses": {"200": answers.text("A page.", "text/html"), **problems("forbidden", "internal_error")},
    }


def _id() -> dict[str, Any]:
    schema = {"type": "string", "pattern": f"^{SUMMARY_ID}$"}
    return {"name": "id", "in": "path", "required": True, "description": "The summary's.", "schema": schema}


def _cursors() -> list[dict[str, Any]]:
    last = "The id of the last event that was read. It wins over `after`."
    return [
        {"name": "Last-Event-ID", "in": "header", "description": last, "schema": _CURSOR},
        _query("after", {**_CURSOR, "description": "The same, for who can send no header."}),
    ]


def _needed_without_cursor(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI has no word for it."""
    return {**schema, "description": f"{schema['description']} Needed, unless there is a cursor."}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    words = {"description": schema["description"]}
    kept = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": "query", **words, "schema": kept}


def _header(name: str, words: str, pattern: str | None = None) -> dict[str, Any]:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "description": words, "schema": schema}
