"""What is recorded of a request: a span, a line for who looks for one, and whose summary it begins."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsum.telemetry import attributes as names
from streamsum.telemetry.fields import Fields
from streamsum.telemetry.logs import logger
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.tracing import Span
from streamsum.web.auth import key_of
from streamsum.web.paths import route_path
from streamsum.web.routes import PROBES, route_of
from streamsum.web.service import telemetry_of

# RFC 9110, section 9, and no other word that a caller may think of.
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
_STATE = "streamsum.origin"


class Recording:
    """Middleware, within the one that gives a request its id, around those that say whose it is and where it goes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and look at the status. Of path, query and headers only what is declared is told."""
        if scope["type"] != "http" or route_path(scope) in PROBES:
            await self._app(scope, receive, send)
            return
        request_id: str = scope["state"]["request_id"]
        span = _begin(scope, request_id)
        scope["state"][_STATE] = Origin(request_id, span)
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            _end(scope, span, status)
            route = route_of(scope) or "-"
            said = Fields(request_id=request_id, method=_method(scope), route=route, status=status)
            if key := key_of(scope).name:
                said["key"] = key
            logger.debug("answered", **said)


def origin_of(scope: Scope) -> Origin:
    """Of the summary that this request begins."""
    origin: Origin = scope.get("state", {}).get(_STATE, Origin())
    return origin


def _begin(scope: Scope, request_id: str) -> Span:
    traceparent = Headers(scope=scope).get("traceparent")
    span = telemetry_of(scope).tracing.begin(_method(scope), kind="server", traceparent=traceparent)
    span.note({names.METHOD: _method(scope), names.SCHEME: scope.get("scheme", "http"), names.REQUEST_ID: request_id})
    return span


def _end(scope: Scope, span: Span, status: int) -> None:
    """No status: the client left first."""
    route = route_of(scope)
    if route is not None:
        span.rename(f"{_method(scope)} {route}")
    span.note({names.ROUTE: route, names.STATUS: status or None})
    span.end(error=str(status) if status >= 500 else None)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"
