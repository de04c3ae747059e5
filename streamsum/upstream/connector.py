"""aiohttp's connections to models, which go on reading only where they had stopped."""

from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler
from typing_extensions import override

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class Connector(aiohttp.TCPConnector):
    """Connections of a `Handler` each."""

    @override
    async def connect(
        self, req: "ClientRequest", traces: "list[Trace]", timeout: aiohttp.ClientTimeout
    ) -> "Connection":
        connection = await super().connect(req, traces, timeout)
        if type(connection.protocol) is ResponseHandler:
            with suppress(TypeError):  # a kind that can't be: it resumes too often, and that is all
                connection.protocol.__class__ = Handler
        return connection


class Handler(ResponseHandler):
    """aiohttp asks it to resume for each HTTP chunk that is taken from a body, and takes five calls each to do so."""

    _is_paused = False
    _has_paused = False  # ever

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if data and self._has_paused and not self._is_paused:
            # A pause between two chunks stops aiohttp's parser in the next one, though it be over by then.
            super().data_received(b"")

    @override
    def pause_reading(self) -> None:
        self._is_paused = self._has_paused = True
        super().pause_reading()

    @override
    def resume_reading(self, resume_parser: bool = True) -> None:
        if self._is_paused:
            self._is_paused = False  # before it: what had been read already may be too much again
            super().resume_reading(resume_parser)
