"""A service that asks for one key, for tests of clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.fake_upstream import FakeUpstream
from streamsum.web.app import create_app, lifespan
from tests.servers import serving, settings_for

KEY = "sk_the_only_one"
_PROBLEM = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "Send a valid key: Authorization: Bearer ...",
    "code": "unauthenticated",
}


@asynccontextmanager
async def keyed(model: FakeUpstream) -> AsyncIterator[int]:
    """The port of a service on this model that takes `KEY` and no other."""
    app = create_app(settings_for(model))
    async with lifespan(app), serving(_behind_a_key(app)) as port:
        yield port


def _behind_a_key(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/v1/") and Headers(scope=scope).get("authorization") != f"Bearer {KEY}":
            headers = {"WWW-Authenticate": "Bearer"}
            await JSONResponse(_PROBLEM, 401, headers, "application/problem+json")(scope, receive, send)
        else:
            await app(scope, receive, send)

    return guarded
