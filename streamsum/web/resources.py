"""One path, and which coroutine answers which method."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsum.web.service import Service, service_of

Endpoint = Callable[[Request, Service], Awaitable[ASGIApp]]


class Resource:
    """An ASGI app. HEAD is no GET here: it must never open a stream, or start a summary."""

    def __init__(self, **endpoints: Endpoint) -> None:
        """`GET=…, POST=…`: each returns the response, which is then sent."""
        self._endpoints = endpoints

    @property
    def methods(self) -> tuple[str, ...]:
        """What it answers."""
        return tuple(self._endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises HTTPException, RequestRefused, LogError, ClientGone."""
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(self.methods)})
        response = await endpoint(Request(scope, receive), service_of(scope))
        await response(scope, receive, send)
