"""One HTTP/1.1 connection of the fake upstream: requests in, bytes out, and the client's leaving noticed at once.

A protocol, not a `StreamReader`: end of file arrives as a callback even while an answer is paused, and cancels the one
task that serves the current request. A client that closes only its sending half counts as gone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Protocol, cast

from typing_extensions import override

from benchmarks.fake_upstream.frames import encode_json
from benchmarks.fake_upstream.requests import MAX_BODY_BYTES, MAX_HEAD_BYTES, BadRequestError, Request, RequestReader


class Owner(Protocol):
    """Who is told what happens on a connection."""

    def connection_opened(self, connection: Connection) -> None:
        """A client connected."""

    def connection_closed(self, connection: Connection) -> None:
        """The connection is over and its socket is released."""

    def serving_failed(self, error: BaseException) -> None:
        """`serve` raised: a fault of the script or of its chooser."""

    def serve(self, request: Request, connection: Connection) -> Awaitable[None]:
        """Answer one request; cancelled when the client leaves."""


class Connection(asyncio.Protocol):
    """Serves one request after the other, each by one task."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._requests = RequestReader()
        self._pipelined = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not one by inheritance
        # Zero: `drain` returns when the kernel has every byte, so that a reset or a close loses none of ours.
        self._transport.set_write_buffer_limits(high=0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._owner.connection_opened(self)

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._transport.get_extra_info("socket")
        return found

    @override
    def data_received(self, data: bytes) -> None:
        if self._task is None:
            self._receive(data)
        elif len(self._pipelined) + len(data) > MAX_HEAD_BYTES + MAX_BODY_BYTES:
            self._hang_up()
        else:
            self._pipelined += data

    @override
    def eof_received(self) -> None:
        self._hang_up()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._hang_up()
        self._closed.set()
        self._owner.connection_closed(self)

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    def _hang_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def _receive(self, data: bytes) -> None:
        try:
            request = self._requests.receive(data)
        except BadRequestError as error:
            self.respond(error.code, {"connection": "close"}, error_body(error.code))
            self._transport.close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._serve(request))
            self._task.add_done_callback(self._served)
        elif self._requests.wants_continue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _serve(self, request: Request) -> None:
        await self._owner.serve(request, self)
        if not request.keep_alive:
            self._transport.close()

    def _served(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self._owner.serving_failed(error)
            self._transport.abort()
        if not self._transport.is_closing():
            rest = bytes(self._pipelined)
            self._pipelined.clear()
            self._receive(rest)

    def begin(self, code: int, headers: Mapping[str, str]) -> None:
        """Write a response's status line and headers."""
        lines = [f"HTTP/1.1 {code} {_phrase(code)}", *(f"{name}: {value}" for name, value in headers.items())]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def respond(self, code: int, headers: Mapping[str, str], body: object) -> None:
        """Write a whole response; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else encode_json(body)
        kind = {} if isinstance(body, bytes) else {"content-type": "application/json"}
        lower = {name.lower(): value for name, value in headers.items()}
        self.begin(code, {**kind, **lower, "content-length": str(len(data))})
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket, framing and all."""
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the kernel has taken everything written."""
        await self._writable.wait()

    def close(self) -> None:
        """End the connection in order (FIN), after what was written."""
        self._transport.close()

    def reset(self) -> None:
        """Break the connection (RST): a socket closed with a linger of zero seconds."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def shut(self) -> None:
        """Drop the connection and what it serves, and wait until both are gone."""
        task = self._task
        self._hang_up()
        if task is not None:
            await asyncio.wait([task])
        await self._closed.wait()


def error_body(code: int) -> object:
    """An error in OpenAI's shape."""
    return {"error": {"message": _phrase(code), "type": "fake_error", "param": None, "code": str(code)}}


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"
