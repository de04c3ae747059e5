"""What the tests of event logs share: events, a whole summary, and ways of reading one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from typing_extensions import override

from streamsum.core.models import OnDisconnect
from streamsum.errors import LogDown
from streamsum.runs.log import Entry, EventLog, Happening, Joined, Lease, Listener, NewSummary, Preview
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.redis_log import RedisLog, Times
from tests.redis_server import RedisServer

FIRST = Entry(1, "summary.created", b"{}")
SECOND = Entry(2, "bullet", b'{"index": 0}')
LAST = Entry(3, "summary.completed", b'{"finish": "complete"}', final=True)
# A lease goes by the clock of Redis, which a shared machine's pauses do not stop: none runs out by itself.
LASTING = Times(lease_s=60)


async def lease_of(log: EventLog, new: NewSummary) -> Lease:
    """The right to write a summary that is new indeed."""
    lease = await log.create(new)
    assert not isinstance(lease, Joined)
    return lease


async def begin(log: EventLog, id: str = "a", *, key: str = "", on_disconnect: OnDisconnect = "grace") -> Lease:
    return await lease_of(log, NewSummary(id=id, key=key, on_disconnect=on_disconnect))


async def finish(log: EventLog, id: str = "a") -> None:
    """A whole summary, written and over."""
    lease = await begin(log, id)
    await lease.append([FIRST, SECOND])
    await lease.append([LAST], final=True)


async def collect(listener: Listener) -> list[Entry | Preview]:
    return [each async for each in listener]


async def replay(log: EventLog, after: int | None = None, *, id: str = "a") -> list[Entry | Preview]:
    async with log.listen(id, "", after) as listener:
        return await collect(listener)


async def happens(lease: Lease, within: float = 1e6) -> Happening | None:
    try:
        async with asyncio.timeout(within):
            return await lease.happening()
    except TimeoutError:
        return None


@asynccontextmanager
async def redis_log(
    server: RedisServer, *, grace_s: float = 10, keep_s: float = 600, times: Times | None = None
) -> AsyncIterator[RedisLog]:
    """One replica's, ready to begin summaries."""
    async with RedisLog(server.url, grace_s=grace_s, keep_s=keep_s, times=times or LASTING) as log:
        await until_reached(log)
        yield log


async def until(condition: Callable[[], bool], *, within: float = 10) -> None:
    """For what only the server can be asked for."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - no event of ours
            await asyncio.sleep(0.01)


async def until_reached(log: EventLog, *, within: float = 15) -> None:
    """Longer than any of its clocks holds a request up; a server that stays away is a failure, and no hang."""
    async with asyncio.timeout(within):
        while True:
            try:
                return await log.reach()
            except LogDown:
                await asyncio.sleep(0.01)


class Away(MemoryLog):
    """A log whose server cannot be reached."""

    def __init__(self) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)

    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        raise LogDown

    @override
    async def read(self, id: str, key: str) -> tuple[Entry, ...]:
        raise LogDown

    @override
    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        raise LogDown
        yield

    @override
    async def cancel(self, id: str, key: str) -> None:
        raise LogDown

    @override
    async def reach(self) -> None:
        raise LogDown
