"""Requests a minute, for each key.

Counted is what makes work and can wait. Not counted: following a summary's events (an `EventSource` that is refused
once never comes back), and DELETE (to refuse it would keep a model going).
"""

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsum.errors import LimiterDown, Problem, RequestRefused
from streamsum.runs.limits.limiter import OverLimit, Standing
from streamsum.web.auth import key_of
from streamsum.web.cursors import cursor_of
from streamsum.web.paths import EVENTS, route_path
from streamsum.web.problems import error_response, problem_response
from streamsum.web.rate_fields import rate_fields
from streamsum.web.service import service_of

_RESUMED = frozenset({"/v1/summaries", "/stream"})


class Limits:
    """Middleware: 429 for what is over the limit of its key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        per_minute = key_of(scope).requests_per_minute if scope["type"] == "http" else None
        if per_minute is None or _is_free(scope) or (limiter := service_of(scope).limiter) is None:
            await self._app(scope, receive, send)
            return
        try:
            counted, standing = await limiter.hit(key_of(scope).name, per_minute)
        except LimiterDown:
            if service_of(scope).settings.limiter_down == "open":
                await self._app(scope, receive, send)
            else:
                await problem_response(Problem.of("limiter_unavailable"))(scope, receive, send)
            return
        if counted:
            await self._app(scope, receive, _with_fields(send, standing))
        else:
            await error_response(OverLimit(standing))(scope, receive, send)


def _is_free(scope: Scope) -> bool:
    path = route_path(scope)
    if scope["method"] == "DELETE" or EVENTS.fullmatch(path):
        return True
    return scope["method"] == "GET" and path in _RESUMED and _has_cursor(scope)


def _has_cursor(scope: Scope) -> bool:
    """As the route will see it: what it takes for a new summary is counted."""
    try:
        return cursor_of(Headers(scope=scope), QueryParams(scope["query_string"])) is not None
    except RequestRefused:
        return False


def _with_fields(send: Send, standing: Standing) -> Send:
    async def send_with_fields(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in rate_fields(standing).items():
                headers.append(name, value)  # beside those of another limit
        await send(message)

    return send_with_fields
