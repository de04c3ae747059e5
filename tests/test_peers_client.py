"""benchmarks/peers/client.py: it notes what came when, to the end of a response, and says when there is none."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from benchmarks.peers.client import BadAnswer, Client, Exchange, connect, post

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RAW = HEAD + b"3\r\nabc\r\n0\r\n\r\n"


@asynccontextmanager
async def answering(*answers: Sequence[bytes]) -> AsyncIterator[int]:
    """A server that answers the n-th request with the n-th list of writes, then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for writes in answers:
            await reader.readuntil(b'{"text": "x"}')
            for write in writes:
                writer.write(write)
                await writer.drain()
                await asyncio.sleep(0)  # another turn, so that the client may read it for itself
        writer.close()

    async with asyncio.timeout(10), await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, *, times: int = 1) -> list[Exchange]:
    client = await connect(port)
    exchanges = [Exchange(number) for number in range(times)]
    try:
        for exchange in exchanges:
            await client.ask(exchange, post("/summaries", {"text": "x"}))
    finally:
        client.close()
    return exchanges


class Wire(asyncio.Transport):
    """Takes what is written."""

    @override
    def write(self, data: object) -> None:
        """Nobody is there."""


async def test_a_response_ends_with_its_last_chunk() -> None:
    """However it is cut, and not before."""
    for size in range(1, len(RAW) + 1):
        client, exchange = Client(), Exchange(1)
        client.connection_made(Wire())
        asking = asyncio.create_task(client.ask(exchange, b"GET"))
        for start in range(0, len(RAW), size):
            await asyncio.sleep(0)
            assert not asking.done()
            client.data_received(RAW[start : start + size])
        async with asyncio.timeout(1):
            await asking
        assert b"".join(data for _, data in exchange.reads) == RAW


async def test_a_connection_is_kept() -> None:
    """The next exchange has the next response, and no time before the first one's."""
    async with answering([RAW], [RAW]) as port:
        first, second = await ask(port, times=2)
    for each in (first, second):
        assert b"".join(data for _, data in each.reads) == RAW
    assert first.started <= first.reads[0][0] <= first.reads[-1][0] <= second.started


async def test_another_status_is_no_answer() -> None:
    """Its line is told, its body is not waited for."""
    async with answering([b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"]) as port:
        with pytest.raises(BadAnswer, match="503"):
            await ask(port)


async def test_a_cut_response_is_no_answer() -> None:
    """The connection closed before the last chunk."""
    async with answering([HEAD, b"3\r\nabc\r\n"]) as port:
        with pytest.raises(BadAnswer, match="closed"):
            await ask(port)
