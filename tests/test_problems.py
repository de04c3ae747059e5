"""Exceptions as problems."""

import json
import logging

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from streamsum.errors import (
    PROBLEMS,
    Expired,
    Fenced,
    InvalidCursor,
    LogDown,
    NotFound,
    Problem,
    RequestRefused,
    SettingsError,
)
from streamsum.web.departure import ClientGone
from streamsum.web.problems import Guard, problem_of, problem_response
from tests.asgi import Wire

CANARY = "xyzzy-canary"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RequestRefused("too_large"), "too_large"),
        (NotFound(CANARY), "not_found"),
        (Expired(CANARY), "expired"),
        (InvalidCursor(CANARY), "invalid_event_id"),
        (LogDown(CANARY), "log_unavailable"),
        (Fenced(CANARY), "log_unavailable"),
        (HTTPException(404, CANARY), "not_found"),
        (HTTPException(405, CANARY), "method_not_allowed"),
        (HTTPException(418, CANARY), "internal_error"),
        (KeyError(CANARY), "internal_error"),
    ],
)
def test_each_exception_has_a_problem_and_keeps_its_words(error: Exception, code: str) -> None:
    """What an exception says is never told."""
    problem = problem_of(error)
    assert problem.code == code
    assert CANARY not in problem.model_dump_json()


@pytest.mark.parametrize("code", PROBLEMS)
async def test_every_problem_is_rfc_9457(code: str) -> None:
    """The members, the media type, and the status in both places."""
    wire = Wire()
    await wire.run(problem_response(Problem.of(code)))
    body = json.loads(wire.body)
    assert wire.headers["content-type"] == "application/problem+json"
    assert wire.status == body["status"] == PROBLEMS[code][0]
    assert body.keys() == {"type", "title", "status", "detail", "code"}
    assert ("retry-after" in wire.headers) == (wire.status == 503)
    assert ("connection" in wire.headers) == (wire.status == 408)


async def test_a_problem_says_when_to_try_again() -> None:
    """In seconds, as the problem has it."""
    wire = Wire()
    await wire.run(problem_response(Problem.of("overloaded", retry_after=7)))
    assert wire.headers["retry-after"] == "7"


async def guarded(*, raising: Exception, begun: bool = False) -> Wire:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raising

    wire = Wire()
    await wire.run(Guard(app, blocked_s=1))
    return wire


async def test_a_bug_is_500_and_only_its_place_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its text may hold some of the source."""
    wire = await guarded(raising=KeyError(CANARY))
    assert wire.status == 500
    assert json.loads(wire.body)["code"] == "internal_error"
    assert CANARY.encode() not in wire.body
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is None
    assert "KeyError at " in record.getMessage()
    assert "test_problems.py:" in record.getMessage()
    assert CANARY not in caplog.text


async def test_a_bug_in_a_stream_is_logged_and_answered_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """A second start would break the connection's state."""
    wire = await guarded(raising=ValueError(CANARY), begun=True)
    assert len(wire.sent) == 1
    assert "ValueError" in caplog.text
    assert CANARY not in caplog.text


async def test_an_operators_mistake_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    """A SettingsError's words are ours."""
    wire = await guarded(raising=SettingsError("set this"))
    assert wire.status == 500
    assert b"set this" not in wire.body
    assert "set this" in caplog.text


async def test_a_departure_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """There is nobody to answer, and nothing to log."""
    wire = await guarded(raising=ClientGone())
    assert wire.sent == []
    assert caplog.records == []


async def test_a_bug_outside_a_request_answers_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A web socket has no status."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError

    wire = Wire()
    await wire.run(Guard(app, blocked_s=1), {"type": "websocket"})
    assert wire.sent == []
    assert "ValueError" in caplog.text
