"""Exception -> problem+json (RFC 9457), for everything that can be raised behind a route.

Nothing of an exception's text is sent or logged, and nothing reaches the server's own traceback printer.
"""

from collections.abc import Mapping
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send
from typing_extensions import override

from streamsum.errors import (
    Expired,
    IdempotencyConflict,
    InvalidCursor,
    LogError,
    NotFound,
    Problem,
    RequestRefused,
    SettingsError,
)
from streamsum.runs.limits.limiter import OverLimit
from streamsum.telemetry import whereabouts
from streamsum.telemetry.fields import Fields
from streamsum.telemetry.logs import logger
from streamsum.web.departure import ClientGone, bounded
from streamsum.web.paths import route_path
from streamsum.web.rate_fields import rate_fields
from streamsum.web.routes import PROBES, route_of
from streamsum.web.service import telemetry_of

# Another replica may answer at once, and a slot may be free in a moment.
DEFAULT_RETRY_AFTER_S = 2

_LOG_CODES: dict[type[LogError], str] = {
    NotFound: "not_found",
    Expired: "expired",
    InvalidCursor: "invalid_event_id",
    IdempotencyConflict: "idempotency_conflict",
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}


class ProblemResponse(Response):
    """A problem, counted when it is sent; but not to who only asks whether we are ready, every other second."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.model_dump_json(), problem.status, headers)
        self._code = problem.code

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if route_path(scope) not in PROBES:
            telemetry_of(scope).note_problem(self._code)
        await super().__call__(scope, receive, send)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response that says so; a 503 always says when to try again, a 408 ends the connection (RFC 9110, 15.5.9)."""
    sent = dict(headers or {})
    if problem.retry_after is not None or problem.status == 503:
        sent["Retry-After"] = str(problem.retry_after or DEFAULT_RETRY_AFTER_S)
    if problem.status == 408:
        sent["Connection"] = "close"
    return ProblemResponse(problem, sent)


def problem_of(error: Exception) -> Problem:
    """What a client is told of an error of ours, or of the router's."""
    match error:
        case RequestRefused():
            return error.problem
        case LogError():
            return Problem.of(_LOG_CODES.get(type(error), "log_unavailable"))
        case HTTPException(status_code=status) if status in _HTTP_CODES:
            return Problem.of(_HTTP_CODES[status])
        case _:
            return Problem.of("internal_error")


def error_response(error: Exception) -> Response:
    """The response to an error of ours, or of the router's."""
    match error:
        case HTTPException():
            headers = error.headers
        case OverLimit():
            headers = rate_fields(error.standing)
        case _:
            headers = None
    return problem_response(problem_of(error), headers)


async def _answer(_request: Request, error: Exception) -> Response:
    return error_response(error)


HANDLERS: dict[type[Exception], ExceptionHandler] = dict.fromkeys((RequestRefused, LogError, HTTPException), _answer)


class Guard:
    """Middleware: the last to see an exception, and the first to see that a client takes nothing."""

    def __init__(self, app: ASGIApp, *, blocked_s: float) -> None:
        self._app = app
        self._blocked_s = blocked_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on. A departure is no error: there is nobody to answer."""
        with suppress(ClientGone):
            await self._answer_bugs(scope, receive, bounded(send, blocked_s=self._blocked_s))

    async def _answer_bugs(self, scope: Scope, receive: Receive, send: Send) -> None:
        """500 if nothing was answered yet. A stream that has begun just ends: its client comes back."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
            _log(error, scope)
            if scope["type"] == "http" and not started:
                await problem_response(Problem.of("internal_error"))(scope, receive, send)


def _log(error: Exception, scope: Scope) -> None:
    if isinstance(error, SettingsError):  # its words are ours, and meant for the operator
        logger.error("a setting is wrong", what=str(error))
        return
    fields = Fields(error=whereabouts(error))
    if request_id := scope.get("state", {}).get("request_id"):  # a caller who reports it has the answer's header
        fields["request_id"] = request_id
    if route := route_of(scope):
        fields["route"] = route
    logger.error("a bug", **fields)
