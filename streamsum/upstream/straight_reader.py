"""A body of aiohttp's that gives what is parsed of it straight to whoever reads the connection.

aiohttp keeps each HTTP chunk by itself, with its length and where it ended, to give them back one by one: three calls
to put one there, and five to take it out. Whoever takes all of each read, at once, needs none of that.
"""

import threading
from contextlib import suppress

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from typing_extensions import override


class _Here(threading.local):
    """Where a read is being parsed: aiohttp's body has no place for it. By thread, for each has its own event loop.

    No context variable: whatever begins in that frame, as a reader that is registered again, would have it for ever.
    """

    pieces: list[bytes] | None = None  # of that read, while there is one


_here = _Here()


class StraightReader(StreamReader):
    """What is parsed during `parse` is its; anything else is kept, within aiohttp's bounds."""

    __slots__ = ()

    @classmethod
    def make_of(cls, body: StreamReader) -> None:
        """Of a body that is arriving already; where aiohttp has a kind of its own there, it stays as it is."""
        if type(body) is StreamReader:
            with suppress(TypeError):  # a kind that can't be: then all is kept, as ever
                body.__class__ = cls

    @override
    def feed_data(self, data: bytes, size: int = 0) -> bool:
        if (pieces := _here.pieces) is None:
            return super().feed_data(data)
        pieces.append(data)
        return False

    @override
    def end_http_chunk_receiving(self) -> None:
        if _here.pieces is None:
            super().end_http_chunk_receiving()


def parse(protocol: ResponseHandler, data: bytes) -> bytes:
    """What `data`, just read, brings of a body; b"" where that is kept, or there is nothing of one in it."""
    pieces: list[bytes] = []
    before, _here.pieces = _here.pieces, pieces
    try:
        protocol.data_received(data)
    finally:
        _here.pieces = before
    return b"".join(pieces)
