"""An httpx2 transport on aiohttp: what the OpenAI SDK sends goes out here, what comes back is read here.

Why not the SDK's own: it turns refused connections into time-outs, puts frames between the socket and the reader, and
cannot hang up without awaiting. Here a redirect is an answer like any other, the environment's proxies are not read,
nothing is decompressed, and each error keeps its real cause and none of its words.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import httpx2
from typing_extensions import override
from yarl import URL

from streamsum.upstream.causes import BROKEN, translated
from streamsum.upstream.tap import Take, Tap

# What the SDK reads by itself are the bodies of errors: beyond this there is nothing in them that we would use.
MAX_ERROR_BODY_BYTES = 64 * 1024
# An error is known by its status already: its details are not worth a longer wait.
MAX_ERROR_BODY_S = 3.0

# Connections beside those of running summaries: ones that are just ending, ones that a check needs.
_SPARE_CONNECTIONS = 32
# Our own clocks (`clocks.py`) know what a call is waiting for; aiohttp's do not.
_NOT_COMPRESSED = ("Accept-Encoding", "identity")
_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
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

    async def pour(self, take: Take) -> None:
        """Hand each read to `take` in the frame that received it, b"" at the end; until `take` returns False.

        Raises httpx2.TransportError, and whatever `take` raises.
        """
        self._tap = self._tap or Tap(self._response)
        await self._tap.pour(take)

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


@dataclass(slots=True)
class _Connection:
    """What a request went over: one `kept` from an earlier request, or a new one."""

    kept: bool = False


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
        self._connections = streams + _SPARE_CONNECTIONS
        self._error_body_s = error_body_s
        self._trust = trust
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        data = await request.aread()
        status, headers, body = await self.send(
            request.method, URL(str(request.url), encoded=True), request.headers.multi_items(), data
        )
        return httpx2.Response(status, headers=_plain(headers), stream=body, extensions={_BODY: body, _TRANSPORT: self})

    async def send(
        self, method: str, url: URL, headers: Iterable[tuple[str, str]], data: bytes
    ) -> tuple[int, Mapping[str, str], Body]:
        """A request, and the status, the headers and the body of its answer. Raises httpx2.TransportError."""
        headers = [*((name, value) for name, value in headers if name.lower() != "accept-encoding"), _NOT_COMPRESSED]
        try:
            response = await self._send(method, url, headers, data)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:  # RuntimeError: closed
            raise translated(error) from error
        return response.status, response.headers, Body(response, error_body_s=self._error_body_s)

    async def _send(self, method: str, url: URL, headers: list[tuple[str, str]], data: bytes) -> aiohttp.ClientResponse:
        """Send, and send again where a kept connection turns out to have been closed by the server meanwhile.

        Ends: each try uses up one kept connection, and what fails on a new one has failed.
        """
        while True:
            connection = _Connection()
            try:
                return await self._open_session().request(
                    method,
                    url,
                    headers=headers,
                    data=data,
                    allow_redirects=False,
                    proxy=self._proxy,
                    trace_request_ctx=connection,
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError):
                if not connection.kept:
                    raise

    @override
    async def aclose(self) -> None:
        if self._session:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """Opened by the first call: a session belongs to the loop that it was opened in."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._trust or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=_NO_TIMEOUTS,
                trace_configs=[_watch_kept_connections()],
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _watch_kept_connections() -> aiohttp.TraceConfig:
    async def tell(
        _session: aiohttp.ClientSession, trace: SimpleNamespace, _params: aiohttp.TraceConnectionReuseconnParams
    ) -> None:
        trace.trace_request_ctx.kept = True

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(tell)
    return config


def http_client(transport: Transport) -> httpx2.AsyncClient:
    """What the SDK is given to send with."""
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)


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


def _plain(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Without the encoding: "identity" was asked for, and httpx2 would unpack an error's body to any size."""
    return [(name, value) for name, value in headers.items() if name.lower() != "content-encoding"]
