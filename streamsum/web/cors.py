"""Pages elsewhere that may call: those of the origins in the settings. For all others it is as if this were not here.

A browser's question (a preflight has no key: https://fetch.spec.whatwg.org/#cors-preflight-fetch) is answered here.
No cookies, no credentials: a key comes in a header that the page must have put there.
"""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from streamsum.errors import Problem
from streamsum.web.problems import problem_response

# What a page needs to go on, to tell us of trouble, and to wait.
EXPOSED = ("Location", "X-Request-ID", "Retry-After", "RateLimit")
_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "X-Request-ID")


class Cors(CORSMiddleware):
    """Middleware: Starlette's, for the listed origins alone, with problems for errors."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        """`origins`: as browsers write them, or `*`."""
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=_SENT,
            expose_headers=EXPOSED,
        )

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, pass on the rest."""
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is not None and self.is_allowed_origin(origin):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    @override
    def preflight_response(self, request_headers: Headers) -> Response:
        """204, or 403 for a method or a header that no route of ours takes."""
        response = super().preflight_response(request_headers)
        fields = {name: value for name, value in response.headers.items() if name.startswith(("access-", "vary"))}
        if response.status_code == 200:
            return Response(status_code=204, headers=fields)
        return problem_response(Problem.of("forbidden"), fields)
