"""A client that only notes what came when: reading it is left for afterwards, so that it costs the machine little."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from time import monotonic

from typing_extensions import override

# The last HTTP chunk. No answer here has a CR or an LF in its text, so nothing else can end like this.
END = b"0\r\n\r\n"
_STATUS = b"HTTP/1.1 200"


class BadAnswer(Exception):
    """A service answered with something else than a stream, or broke it off."""


@dataclass(slots=True)
class Exchange:
    """One request and what came back: each read with the time at which it was there, in monotonic seconds."""

    number: int
    started: float = 0.0
    reads: list[tuple[float, bytes]] = field(default_factory=list, repr=False)


class Client(asyncio.Protocol):
    """One connection, kept alive from one exchange to the next."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._exchange: Exchange
        self._over: asyncio.Future[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        reads = self._exchange.reads
        reads.append((monotonic(), data))
        if data.endswith(END) or len(data) < len(END) or len(reads) <= len(_STATUS):
            self._look_closer()

    def _look_closer(self) -> None:
        """The first reads have the status; the last ones may have only a part of the end."""
        reads = self._exchange.reads
        head = b"".join(data for _, data in reads[: len(_STATUS)])
        if not head.startswith(_STATUS[: len(head)]):
            self._fail(head[:200].decode("latin-1").splitlines()[0])
        elif b"".join(data for _, data in reads[-len(END) :]).endswith(END):
            self._finish(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was closed")

    def _fail(self, why: str) -> None:
        self._finish(BadAnswer(why))

    def _finish(self, error: Exception | None) -> None:
        if self._over is None or self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    async def ask(self, exchange: Exchange, request: bytes) -> None:
        """Send one request and note what comes, to the end of the response. Raises BadAnswer."""
        self._exchange = exchange
        self._over = asyncio.get_running_loop().create_future()
        exchange.started = monotonic()
        self._transport.write(request)
        await self._over

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def connect(port: int) -> Client:
    """A connection to a service on this machine."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


def post(path: str, body: object) -> bytes:
    """A POST of some JSON, as bytes."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    )
    return f"{head}\r\n".encode() + data
