"""Replicas as real processes on one Redis, and clients that do not give up: they return, elsewhere, with a cursor."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fake_upstream import FakeUpstream
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.runs.redis_log import Times
from tests.invariants import TERMINAL, check
from tests.redis_server import RedisServer
from tests.replica import Replica, forked
from tests.servers import RawClient, environment_for, get, post, raw_client

# As in life, in a fraction of the time; but no lease runs out by itself. It goes by the clock of Redis, which a shared
# machine's pauses do not stop: whoever dies has it taken away. And Redis may be slow, as nothing here is about that.
QUICK = Times(lease_s=60, renew_s=0.5, look_s=0.2, answer_s=5, hold_s=10, again_s=0.02)
TEXT = "Nothing much happened."


@dataclass
class Cluster:
    """Replicas come and go; whoever asks finds one that runs."""

    server: RedisServer
    environment: Mapping[str, str]
    folder: Path
    times: Times
    stack: AsyncExitStack
    running: list[Replica] = field(default_factory=list)
    started: int = 0
    nodes: dict[Replica, str] = field(default_factory=dict)  # what Redis knows them by

    async def start(self) -> Replica:
        self.started += 1
        said = self.folder / f"replica-{self.started}"
        others = set(self.server.nodes())
        replica = await self.stack.enter_async_context(forked(self.environment, said, times=self.times))
        await until_ready(replica.port)
        (self.nodes[replica],) = set(self.server.nodes()) - others
        self.running.append(replica)
        return replica

    def lose(self, replica: Replica) -> None:
        """Nobody asks it any more."""
        self.running.remove(replica)

    async def kill(self, replica: Replica) -> None:
        """kill -9, and as if its lease had run out since."""
        await replica.kill()
        self.forget(replica)

    def forget(self, replica: Replica) -> None:
        """As if it had been asleep for longer than its lease."""
        self.server.forget_lease(self.nodes[replica])

    def any(self) -> int:
        """A port; the same again perhaps."""
        return random.choice(self.running).port


async def until_ready(port: int) -> None:
    async with asyncio.timeout(15), raw_client(port) as client:
        while True:
            await client.send(get("/readyz"))
            status, headers = await client.head()
            await client.reader.readexactly(int(headers["content-length"]))
            if status == 200:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def cluster(
    server: RedisServer,
    model: FakeUpstream,
    secrets: Path,
    *,
    replicas: int = 2,
    times: Times = QUICK,
    **settings: str,
) -> AsyncIterator[Cluster]:
    """What they say goes into files beside `secrets`."""
    async with AsyncExitStack() as stack:
        of = Cluster(server, environment_of(server, model, secrets) | settings, secrets.parent, times, stack)
        for _ in range(replicas):
            await of.start()
        yield of


def environment_of(server: RedisServer, model: FakeUpstream, secrets: Path) -> dict[str, str]:
    return environment_for(model) | {"STREAMSUM_EVENT_LOG": server.url, "STREAMSUM_SECRET_FILE": str(secrets)}


class Follower:
    """One client, and all that it was ever sent: each event once, or it complains."""

    def __init__(self, id: str = "") -> None:
        self.id = id
        self.frames: list[bytes] = []
        self.connections = 0
        self.refused: list[int] = []  # statuses that were no event stream

    @property
    def n(self) -> int:
        return len(self.frames)

    @property
    def over(self) -> bool:
        return bool(self.frames) and any(f"event: {each}".encode() in self.frames[-1] for each in TERMINAL)

    @property
    def last(self) -> dict[str, Any]:
        data = self.frames[-1].partition(b"data: ")[2]
        return dict(json.loads(data))

    @property
    def ledger(self) -> dict[str, Any]:
        return dict(self.last.get("ledger", self.last))

    @property
    def finish(self) -> str:
        return str(self.ledger["finish"])

    async def begin(self, port: int, **body: Any) -> None:
        """Ask for a summary, and stay for its first event."""
        async with raw_client(port) as client:
            await client.send(post({"text": TEXT, **body}))
            status, headers = await client.head()
            assert status == 200, status
            self.id = headers["location"].rpartition("/")[2]
            await self._read(client, until=1)

    async def resume(self, port: int, *, until: int | None = None) -> None:
        """Come back with the cursor, and read on: to the end, to the connection's end, or to event `until`."""
        async with raw_client(port) as client:
            cursor = f"Last-Event-ID: {self.id}:{self.n}\r\n" if self.n else ""
            await client.send(get(f"/v1/summaries/{self.id}/events", head=cursor))
            try:
                status, _ = await client.head()
            except asyncio.IncompleteReadError:
                return  # cut in the head
            if status != 200:
                self.refused.append(status)
                return
            await self._read(client, until=until)

    async def _read(self, client: RawClient, *, until: int | None) -> None:
        self.connections += 1
        buffer = b""
        while not self.over and (until is None or self.n < until):
            data = await client.reader.read(64 * 1024)
            if not data:
                return
            buffer += data
            buffer = self._take_frames(buffer)

    def _take_frames(self, buffer: bytes) -> bytes:
        """HTTP's chunk heads stand between the frames; no frame is cut by one, as each write has whole frames."""
        *whole, rest = buffer.split(b"\n\n")
        for piece in whole:
            begin = piece.find(b"id: ")
            if begin < 0:
                continue  # a comment, a preview
            frame = piece[begin:] + b"\n\n"
            id, _, n = frame.partition(b"\n")[0].removeprefix(b"id: ").decode().rpartition(":")
            assert (id, int(n)) == (self.id, self.n + 1), "lost, repeated, or out of order"
            self.frames.append(frame)
        return rest

    async def follow(self, of: Cluster) -> None:
        """To the end, whatever happens to the replicas."""
        while not self.over:
            with suppress(OSError):
                await self.resume(of.any())
            assert not set(self.refused) & {404, 410}, "it is gone"
            if not self.over:
                await asyncio.sleep(0.05)

    def is_sound(self) -> None:
        """Every invariant of a whole stream."""
        received = check(b"retry: 2000\n" + b"".join(self.frames))
        assert len(EventStreamDecoder().feed(b"".join(self.frames))) == len(received.events)


async def stored(port: int, id: str) -> list[bytes]:
    """The whole summary's frames, as any replica replays them now."""
    whole = Follower(id)
    await whole.resume(port)
    assert whole.refused == []
    return whole.frames
