"""What is parsed of a body goes straight to whoever reads: however it is cut, and whoever reads now and then only."""

import asyncio
import random
import threading
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.client_proto import ResponseHandler
from typing_extensions import override

from streamsum.upstream.connector import Handler
from streamsum.upstream.straight_reader import StraightReader, parse
from streamsum.upstream.tap import Tap

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection on which nothing comes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self.reads = True
        self.resumed = 0

    @override
    def get_protocol(self) -> Any:
        return self.protocol

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    @override
    def pause_reading(self) -> None:
        self.reads = False

    @override
    def resume_reading(self) -> None:
        self.reads = True
        self.resumed += 1

    @override
    def close(self) -> None:
        asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


@dataclass
class Answer:
    """As much of aiohttp's as a tap looks at."""

    content: StreamReader
    wire: Wire

    @property
    def connection(self) -> Any:
        return self

    @property
    def transport(self) -> Wire:
        return self.wire


async def begun(head: bytes = HEAD) -> Answer:
    """An answer whose head has come."""
    protocol = ResponseHandler(asyncio.get_running_loop())
    protocol.__class__ = Handler  # as the connector does
    wire = Wire()
    wire.protocol = protocol
    protocol.connection_made(wire)
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    protocol.data_received(head)
    _, content = await protocol.read()
    return Answer(content, wire)


async def poured(answer: Answer) -> tuple[list[bytes], asyncio.Task[None]]:
    """Where all of it goes from now on."""
    taken: list[bytes] = []

    def take(read: bytes) -> bool:
        taken.append(read)
        return True

    pouring = asyncio.create_task(Tap(answer).pour(take))  # type: ignore[arg-type]
    await all_else()
    return taken, pouring


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def all_else() -> None:
    """Let every task go on as far as it can."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(100))
async def test_nothing_is_lost_or_told_twice(seed: int) -> None:
    """Chunks of any size, cut into reads anywhere, by a reader that has enough of it now and then."""
    chance = random.Random(seed)
    body = chance.randbytes(chance.randint(1, 2000))
    await be_poured(body, sorted(chance.choices(range(len(body)), k=chance.randint(0, 60))), chance)


@pytest.mark.parametrize("seed", range(10))
async def test_nothing_is_lost_where_more_waits_than_aiohttp_keeps(seed: int) -> None:
    """It stops in the middle of a read, or between two chunks at its end, and goes on when there is room."""
    chance = random.Random(seed)
    await be_poured(chance.randbytes(60_000), list(range(1, 60_000)), chance, wants_more=0.1)


async def be_poured(body: bytes, cuts: list[int], chance: random.Random, *, wants_more: float = 0.7) -> None:
    """In chunks that end at `cuts`; `wants_more`: how often the reader does."""
    wired = b"".join(map(chunk, filter(None, pieces(body, cuts)))) + END
    coming = pieces(wired, sorted(chance.choices(range(len(wired)), k=chance.randint(0, 60))))
    answer = await begun()
    tap = Tap(answer)  # type: ignore[arg-type]
    taken: list[bytes] = []

    def take(read: bytes) -> bool:
        taken.append(read)
        return chance.random() < wants_more

    pouring = asyncio.create_task(tap.pour(take))
    await all_else()
    async with asyncio.timeout(10):
        while coming:
            if pouring.done() and (chance.random() < 0.2 or not answer.wire.reads):
                pouring = asyncio.create_task(tap.pour(take))
            elif answer.wire.reads:
                answer.wire.protocol.data_received(coming.pop(0))
            await all_else()
        await pouring
        while taken[-1]:
            await tap.pour(take)
    assert b"".join(taken) == body
    assert answer.content.is_eof()


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


async def test_all_of_a_read_is_one_and_nothing_of_it_is_kept() -> None:
    answer = await begun()
    taken, pouring = await poured(answer)
    answer.wire.protocol.data_received(chunk(b"one ") + chunk(b"two ") + chunk(b"three")[:6])
    assert taken == [b"one two thr"]
    assert answer.content.total_bytes == 0
    answer.wire.protocol.data_received(chunk(b"three")[6:] + END)
    assert taken == [b"one two thr", b"ee", b""]
    async with asyncio.timeout(5):
        await pouring


async def test_threads_do_not_take_each_others_bytes() -> None:
    """Whoever summarises from several threads has a loop in each, and Python goes from one to the other anywhere."""
    mine, theirs = await begun(), await begun()
    for answer in (mine, theirs):
        StraightReader.make_of(answer.content)
    got: list[bytes] = []

    class Interrupted(StraightReader):
        """Another thread has its turn before each piece."""

        __slots__ = ()

        @override
        def feed_data(self, data: bytes, size: int = 0) -> bool:
            other = threading.Thread(target=lambda: got.append(parse(theirs.wire.protocol, chunk(b"theirs"))))
            other.start()
            other.join(5)
            return super().feed_data(data, size)

    mine.content.__class__ = Interrupted
    assert parse(mine.wire.protocol, chunk(b"mine, ") + chunk(b"and mine")) == b"mine, and mine"
    assert got == [b"theirs", b"theirs"]


async def test_what_came_before_a_fault_is_told_first() -> None:
    answer = await begun()
    taken, pouring = await poured(answer)
    answer.wire.protocol.data_received(chunk(b"good") + b"no chunk\r\n")
    assert taken == [b"good"]
    async with asyncio.timeout(5):
        with pytest.raises(httpx2.TransportError):
            await pouring


async def test_while_nobody_reads_it_is_kept_within_bounds() -> None:
    """Those of aiohttp: a reader that waits for a slow log holds the model up, and not all that it says."""
    answer = await begun()
    StraightReader.make_of(answer.content)
    assert isinstance(answer.content, StraightReader)
    low, high = answer.content.get_read_buffer_limits()
    for _ in range(high // 1024 + 1):
        answer.wire.protocol.data_received(chunk(b"x" * 1024))
    assert not answer.wire.reads
    assert answer.content.read_nowait(high - low + 2048)
    assert answer.wire.reads


async def test_small_chunks_that_nobody_reads_are_bounded_too() -> None:
    answer = await begun()
    kept = await fill(answer)
    assert 10_000 < kept < 100_000
    taken, pouring = await poured(answer)
    assert b"".join(taken) == b"x" * kept
    answer.wire.protocol.data_received(chunk(b"y") + chunk(b"z") + END)
    async with asyncio.timeout(5):
        await pouring
    assert taken[-2:] == [b"yz", b""], "aiohttp's parser had stopped between two chunks, and would once more"


async def test_what_a_read_still_has_when_it_is_too_much_comes_as_there_is_room() -> None:
    """All in one read, so that no other would wake it up."""
    answer = await begun()
    StraightReader.make_of(answer.content)
    answer.wire.protocol.data_received(chunk(b"x") * 60_000 + END)
    assert not answer.wire.reads
    taken, pouring = await poured(answer)
    async with asyncio.timeout(5):
        await pouring
    assert b"".join(taken) == b"x" * 60_000


async def test_reading_is_resumed_only_where_it_had_stopped() -> None:
    """aiohttp would for each chunk that is taken, which was a sixth of what a long answer costs."""
    answer = await begun()
    StraightReader.make_of(answer.content)
    answer.wire.protocol.data_received(chunk(b"x") * 10_000)
    assert (await poured(answer))[0] == [b"x" * 10_000]
    assert answer.wire.resumed == 0


async def fill(answer: Answer) -> int:
    """Until it takes no more, at the end of a chunk: how many bytes are kept."""
    StraightReader.make_of(answer.content)
    for _ in range(100_000):
        answer.wire.protocol.data_received(chunk(b"x"))
        if not answer.wire.reads:
            break
    return answer.content.total_bytes


async def test_a_taker_may_close_the_body_that_it_takes() -> None:
    """It hears of the end then and there, and its own answer does not matter any more."""
    answer = await begun()
    tap = Tap(answer)  # type: ignore[arg-type]

    def take(_read: bytes) -> bool:
        answer.wire.protocol.connection_lost(None)
        return False

    pouring = asyncio.create_task(tap.pour(take))
    await all_else()
    answer.wire.protocol.data_received(chunk(b"one"))
    async with asyncio.timeout(5):
        with pytest.raises(httpx2.TransportError):
            await pouring


async def test_a_body_of_another_kind_stays_as_it_is() -> None:
    """That of an answer without one is everybody's."""
    StraightReader.make_of(EMPTY_PAYLOAD)
    assert not isinstance(EMPTY_PAYLOAD, StraightReader)
    answer = await begun(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert answer.content is EMPTY_PAYLOAD
    assert parse(answer.wire.protocol, b"") == b""
