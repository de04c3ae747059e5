"""The `EventLog` on Redis: a process's writers, its listeners, its lease and its mailbox, on one server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Self

from streamsum.errors import LogDown, NotFound
from streamsum.runs.log import Entry, HasRoom, Idempotency, Joined, Lease, Listener, NewSummary, Orphan, always
from streamsum.runs.redis_log import wire
from streamsum.runs.redis_log.audience import Audience
from streamsum.runs.redis_log.errands import Errands
from streamsum.runs.redis_log.mailbox import Mailbox
from streamsum.runs.redis_log.membership import Membership
from streamsum.runs.redis_log.producers import Producers
from streamsum.runs.redis_log.store import Store
from streamsum.runs.redis_log.times import Times
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger

# A client that deletes twice does so at once: a retry after a lost answer.
DELETED_MS = 600_000


class RedisLog:
    """All replicas' summaries. Enter it: it lives in tasks of its own, whether the server is there or not."""

    def __init__(self, url: str, *, grace_s: float, keep_s: float, times: Times | None = None) -> None:
        """Finished summaries are kept for `keep_s` seconds. Raises SettingsError if `url` is no address."""
        self._times = times = times or Times()
        self._store = store = Store(url, times)
        self._membership = Membership(store, times)
        self._audience = Audience(store, node=self._membership.node)
        self._producers = Producers(store, self._membership, times=times, grace_s=grace_s, keep_s=keep_s)
        self._mailbox = Mailbox(
            store, self._membership.channels, times=times, on_connect=self._catch_up, on_message=self._hear
        )
        self._work = Errands()
        self._renewed_at = float("-inf")
        self._was_there = True

    async def __aenter__(self) -> Self:
        for work in (self._beat, self._mailbox.run, self._producers.watch):
            _ = self._work.send(_unbreakable(work))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def node(self) -> str:
        """This process's name among the others."""
        return self._membership.node

    async def create(self, new: NewSummary) -> Lease | Joined:
        """See `EventLog.create`."""
        return await self._producers.create(new)

    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        """See `EventLog.find`."""
        return await self._producers.find(key, idempotency)

    def listen(self, id: str, key: str, after: int | None) -> AbstractAsyncContextManager[Listener]:
        """See `EventLog.listen`."""
        return self._audience.listen(id, key, after)

    async def read(self, id: str, key: str) -> Sequence[Entry]:
        """See `EventLog.read`."""
        answer = await self._store.run("read", id, key)
        if answer[0] == b"gone":
            raise NotFound
        return wire.stored(answer[1])

    async def cancel(self, id: str, key: str) -> None:
        """See `EventLog.cancel`: a mark that its owner hears of, now or whoever it is then."""
        if await self._store.run("cancel", id, key, DELETED_MS) == b"gone":
            raise NotFound

    def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        """See `EventLog.orphans`."""
        return self._producers.orphans(has_room=has_room)

    async def reach(self) -> None:
        """See `EventLog.reach`."""
        await self._membership.probe()

    def let_go(self) -> None:
        """See `EventLog.let_go`."""
        self._audience.let_go()

    async def aclose(self) -> None:
        """Let go of everything, the lease too: what is still ours is an orphan at once."""
        await self._audience.aclose()
        await self._producers.aclose()
        await self._work.stop()
        with suppress(LogDown):
            await self._membership.retire()
        await self._store.aclose()

    # Behind the scenes.

    async def _beat(self) -> None:
        """Renew the lease, mend what an outage has left, and see whether the server is there."""
        while True:
            with suppress(LogDown):
                await self._renew_or_ping()
            self._see_whether_it_is_there()
            await asyncio.sleep(self._times.look_s)

    async def _renew_or_ping(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._membership.lapsed and now - self._renewed_at < self._times.renew_s:
            await self._store.ping()
            return
        if self._membership.lapsed or (owned := await self._membership.renew()) is None:
            await self._membership.begin()
            self._producers.fence()
            await self._audience.catch_up()  # whoever owns what they listen to may have counted them out
        else:
            await self._producers.disown(owned)
        self._renewed_at = now
        self._producers.alert_all()
        await self._audience.mend()

    def _see_whether_it_is_there(self) -> None:
        away_s = asyncio.get_running_loop().time() - self._store.answered_at
        is_there = away_s < self._times.hold_s
        if not is_there:
            self._audience.fail()
        if is_there != self._was_there:
            self._was_there = is_there
            logger.warning("the event log is there again" if is_there else "the event log cannot be reached")

    async def _catch_up(self) -> None:
        self._producers.alert_all()
        self._producers.orphaned()
        await self._audience.catch_up()

    def _hear(self, message: bytes) -> None:
        kind, rest = message[:1], message[2:]
        if kind == b"W":
            self._producers.alert(rest.decode())
        elif kind == b"O":
            self._producers.orphaned()
        else:
            self._audience.hear(kind, rest)


async def _unbreakable(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A bug here must not leave the process deaf, or without its lease, for ever."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - its text stays here
            logger.error("a bug in the event log", error=whereabouts(error))
            await asyncio.sleep(1)
