"""Hand on what comes over a connection in the frame that received it: no future, no task that wakes up a turn later.

At the pace at which models write, nearly all that a chunk costs is waking up for it. aiohttp's protocol stays in charge
of the connection. A protocol of ours stands before it, lets it parse each read, and takes what came of it. Only public
names of asyncio and aiohttp are used, but two objects of aiohttp's making are given classes of ours.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context

import aiohttp
import httpx2
from aiohttp.client_proto import ResponseHandler
from typing_extensions import override

from streamsum.upstream.causes import BROKEN, translated
from streamsum.upstream.straight_reader import StraightReader, parse

# Takes what has arrived, b"" at the end; returns whether it wants more.
Take = Callable[[bytes], bool]


class Tap(asyncio.Protocol):
    """One response's body, poured out as it arrives; while nobody pours it is kept, within aiohttp's bounds."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        connection = response.connection
        # None: the body has arrived whole, and its connection was given back already, for another call; or it is lost.
        self._transport = connection.transport if connection else None
        StraightReader.make_of(self._content)
        self._rest = b""  # what had arrived when the connection was lost
        self._handed = 0  # bytes
        self._take: Take | None = None  # while somebody pours
        self._poured: asyncio.Future[None]
        if self._transport:
            inner = self._transport.get_protocol()
            assert isinstance(inner, ResponseHandler)  # noqa: S101 - a type, told to the checker
            self._inner = inner
            self._transport.set_protocol(self)
        else:
            self._inner = ResponseHandler(asyncio.get_running_loop())  # of no connection

    async def pour(self, take: Take) -> None:
        """See `Body.pour`."""
        # A read comes in the context of whoever opened the connection, which may be another call's.
        context = copy_context()
        self._poured = asyncio.get_running_loop().create_future()
        self._take = lambda read: context.run(take, read)
        try:
            self.look()
            await self._poured
        finally:
            self._take = None
            if self._poured.done() and not self._poured.cancelled():
                self._poured.exception()  # looked at, or asyncio would print it, should this wait have been cancelled
            # Its error has this frame in its traceback, and so all that the taker holds.
            del self._poured

    def look(self) -> None:
        """See what there is to hand on: bytes, the end, or an error."""
        while self._take and not self._poured.done():
            try:
                read = self._read()
            except httpx2.TransportError as error:
                self._poured.set_exception(error)
                return
            if read is None:
                return
            self._hand_on(self._take, read)
            self._handed += len(read)
            if self._transport and self._handed == self._content.total_bytes:
                return  # neither more, nor an end

    def _hand_on(self, take: Take, read: bytes) -> None:
        try:
            is_over = not take(read) or not read
        except Exception as error:  # noqa: BLE001 - it belongs to whoever pours
            if not self._poured.done():  # the taker may have closed the body
                self._poured.set_exception(error)
        else:
            if is_over and not self._poured.done():
                self._poured.set_result(None)

    def _read(self) -> bytes | None:
        """What has arrived, b"" at the end; None: nothing yet. Raises httpx2.TransportError."""
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        read = self._waiting()
        if self._content.is_eof():  # perhaps only now: reading lets aiohttp go on where it had enough
            self._let_go()
        if read or self._content.at_eof():
            return read
        if self._transport is None:  # aiohttp does not say so to a body whose connection it closes itself
            raise httpx2.ReadError("the connection was lost")
        return None

    def _parsed(self, data: bytes) -> bytes:
        """What a read brings, while somebody pours; b"": nothing, or it is kept."""
        if self._take is None or self._poured.done():
            self._inner.data_received(data)
            return b""
        return parse(self._inner, data)

    def _waiting(self) -> bytes:
        """All that was kept."""
        try:
            return self._content.read_nowait()
        except BROKEN as error:
            raise translated(error) from error.with_traceback(None)

    # asyncio's side.

    @override
    def data_received(self, data: bytes) -> None:
        read = self._parsed(data)
        if self._content.is_eof():
            self._let_go()
        if read and self._take:
            self._hand_on(self._take, read)
        if not (read and self._transport):
            self.look()

    @override
    def eof_received(self) -> None:
        self._inner.eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        # From now on aiohttp tells whoever reads of the loss only, whatever has come before.
        with suppress(httpx2.TransportError):
            while read := self._waiting():
                self._rest += read
        self._inner.connection_lost(exc)
        self._transport = None
        self.look()

    @override
    def pause_writing(self) -> None:
        self._inner.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _let_go(self) -> None:
        """The body is here: the connection may be another call's from now on, unless it has brought more than that."""
        if self._transport:
            self._transport.set_protocol(self._inner)
            if self._inner.should_close:
                self._transport.abort()
            self._transport = None
