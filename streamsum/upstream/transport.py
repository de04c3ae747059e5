"""An httpx2 transport on aiohttp: what the OpenAI SDK sends goes out here, what comes back is read here.

Why not the SDK's own: it turns refused connections into time-outs, puts frames between the socket and the reader, and
cannot hang up without awaiting. Here a redirect is an answer like any other, the environment's proxies are not read,
nothing is decompressed, and each error keeps its real cause and none of its words.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx2
from typing_extensions import override
from yarl import URL

from streamsum.upstream.causes import BROKEN, translated
from streamsum.upstream.sessions import Connection, Sessions
from streamsum.upstream.tap import Take, Tap

# What the SDK reads by itself are the bodies of errors: beyond this there is nothing in them that we would use.
MAX_ERROR_BODY_BYTES = 64 * 1024
# An error is known by its status already: its details are not worth a longer wait.
MAX_ERROR_BODY_S = 3.0

# Connections beside those of running summaries: ones that are just ending, ones that a check needs.
_SPARE_CONNECTIONS = 32
_NOT_COMPRESSED = ("Accept-Encoding", "identity")
# Under these names a response carries its body, past the layers that httpx2 puts around it, and whence it came.
_BODY, _TRANSPORT = "streamsum.body", "streamsum.transport"


class Body(httpx2.AsyncByteStream):
    """The body of a response that is arriving: `read` until b"", and `close` on every path."""

    def __init__(self, response: aiohttp.ClientResponse, *, error_body_s: float = MAX_ERROR_BODY_S) -> None:
        self._response = response
        self._error_body_s = error_body_s
        self._tap: Tap | None = None

    @property
    def is_over(self) -> bool:
        """Has all of it been read?"""
        return self._response.content.at_eof()

    def tap(self) -> Tap:
        """For `pour`: what arrives from now on is kept for it, whatever becomes of the connection."""
        self._tap = self._tap or Tap(self._response)
        return self._tap

    async def pour(self, take: Take) -> None:
        """Hand each read to `take` in the frame that received it, b"" at the end; until `take` returns False.

        `take` runs in a copy of the caller's context. Raises httpx2.TransportError, and whatever `take` raises.
        """
        await self.tap().pour(take)

    async def read(self) -> bytes:
        """What has arrived since the last read, as soon as there is something; b"" at the end.

        Raises httpx2.TransportError: after `close` too.
        """
        try:
            return await self._response.content.readany()
        except BROKEN as error:
            raise translated(error) from error.with_traceback(None)

    def close(self) -> None:
        """Let go, at once and whoever is reading.

        The connection of a body that has arrived whole was given back already, for another call; else it is cut.
        """
        connection = self._response.connection
        transport = connection.transport if connection else None
        self._response.close()
        if self._tap:
            self._tap.look()
        if transport:
            transport.abort()  # else a TLS peer that does not answer would be waited for

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await self.read_error()

    @override
    async def aclose(self) -> None:
        self.close()

    async def read_error(self) -> bytes:
        """The body of an error, as much of it as comes within limits; then it is closed."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._error_body_s):
                while len(body) < MAX_ERROR_BODY_BYTES and (read := await self.read()):
                    body += read
        except (TimeoutError, httpx2.TransportError):
            pass  # what came has to do
        finally:
            self.close()
        return bytes(body[:MAX_ERROR_BODY_BYTES])


class Transport(httpx2.AsyncBaseTransport):
    """Connections to models: `streams` is how many calls run at once, at most. Never queues a call.

    `trust`: the certificates to trust, None for the system's. `proxy`: the URL of an HTTP proxy. `error_body_s`: how
    long the body of an error is read.
    """

    def __init__(
        self,
        *,
        streams: int,
        trust: ssl.SSLContext | None = None,
        proxy: str | None = None,
        error_body_s: float = MAX_ERROR_BODY_S,
    ) -> None:
        self._sessions = Sessions(limit=streams + _SPARE_CONNECTIONS, trust=trust)
        self._error_body_s = error_body_s
        self._proxy = proxy

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        data = await request.aread()
        answer, body = await self.send(
            request.method, URL(str(request.url), encoded=True), request.headers.multi_items(), data
        )
        headers = _plain(answer.raw_headers)
        return httpx2.Response(answer.status, headers=headers, stream=body, extensions={_BODY: body, _TRANSPORT: self})

    async def send(
        self, method: str, url: URL, headers: Iterable[tuple[str, str]], data: bytes
    ) -> tuple[aiohttp.ClientResponse, Body]:
        """A request, and its answer: the head, and the body, to be closed. Raises httpx2.TransportError."""
        headers = [*((name, value) for name, value in headers if name.lower() != "accept-encoding"), _NOT_COMPRESSED]
        try:
            response = await self._send(method, url, headers, data)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:  # RuntimeError: closed
            raise translated(error) from error
        return response, Body(response, error_body_s=self._error_body_s)

    async def _send(self, method: str, url: URL, headers: list[tuple[str, str]], data: bytes) -> aiohttp.ClientResponse:
        """Send; and where a kept connection breaks, which its server may have closed meanwhile, once more on a new one.

        Never a third time: perhaps it is the request that breaks them, and each try may be worked on, and charged.
        """
        connection = Connection()
        options: dict[str, Any] = {
            "headers": headers,
            "data": data,
            "allow_redirects": False,
            "proxy": self._proxy,
            "trace_request_ctx": connection,
        }
        try:
            return await self._sessions.keeping.request(method, url, **options)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError):
            if not connection.kept:
                raise
        return await self._sessions.fresh.request(method, url, **options)

    @override
    async def aclose(self) -> None:
        await self._sessions.aclose()


def http_client(transport: Transport) -> httpx2.AsyncClient:
    """What the SDK is given to send with. It takes no cookies: one call's answer says nothing of the next."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx2.AsyncClient(transport=transport, cookies=no_cookies, follow_redirects=False, trust_env=False)


def body_of(response: httpx2.Response) -> Body:
    """The body of a response that came in by `Transport`, to be read directly."""
    body = response.extensions[_BODY]
    assert isinstance(body, Body)  # noqa: S101 - a type, told to the checker
    return body


def transport_of(response: httpx2.Response) -> Transport:
    """The `Transport` that a response came in by."""
    transport = response.extensions[_TRANSPORT]
    assert isinstance(transport, Transport)  # noqa: S101 - a type, told to the checker
    return transport


def _plain(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without the encoding: "identity" was asked for, and httpx2 would unpack an error's body to any size.

    As bytes: httpx2 takes strings for ASCII, and what a proxy adds need not be.
    """
    return [(name, value) for name, value in headers if name.lower() != b"content-encoding"]
