"""runs/redis_log/producers.py: who may write is one right of one process in one of its lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from typing_extensions import override

from streamsum.errors import LogDown
from streamsum.runs.log import Entry, Idempotency, Listener, NewSummary, Orphan, Preview
from streamsum.runs.redis_log import Times
from streamsum.runs.redis_log.lease import RedisLease
from streamsum.runs.redis_log.membership import Membership
from streamsum.runs.redis_log.producers import FOUND_AT_ONCE, Producers
from streamsum.runs.redis_log.store import Store
from tests.logs import FIRST, LAST, SECOND, lease_of, redis_log, until
from tests.redis_server import RedisServer, needs_redis

pytestmark = needs_redis

LIMIT_S = 10
TIMES = Times(lease_s=60, renew_s=0.3, look_s=0.05, answer_s=1, hold_s=0.2, again_s=0.05)
OTHER_SECOND = Entry(2, "bullet", b'{"index": 0, "text": "another"}')


class LateStore(Store):
    """A way on which scripts of one name are late: given up by who asked, and done all the same."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TIMES)
        self.late = ""
        self.slow = ""  # these are waited for
        self.unheard = ""  # these are done at once, and only their answers are lost
        self.asked = asyncio.Event()
        self.arrive = asyncio.Event()
        self.arriving: list[asyncio.Task[Any]] = []

    @override
    async def run(self, script: str, *arguments: str | bytes | int) -> Any:
        if script not in {self.late, self.slow}:
            answer = await super().run(script, *arguments)
            if script == self.unheard:
                raise LogDown
            return answer
        arriving = asyncio.create_task(self._arrive(script, *arguments))
        self.arriving.append(arriving)
        self.asked.set()
        if script == self.late:
            raise LogDown
        return await asyncio.shield(arriving)

    async def _arrive(self, script: str, *arguments: str | bytes | int) -> Any:
        await self.arrive.wait()
        return await super().run(script, *arguments)

    async def all_arrived(self) -> list[Any]:
        self.arrive.set()
        return await asyncio.gather(*self.arriving)


@dataclass(frozen=True)
class Process:
    """What one has to write with."""

    producers: Producers
    membership: Membership
    store: LateStore


@asynccontextmanager
async def one_process(server: RedisServer, *, look_s: float = TIMES.look_s) -> AsyncIterator[Process]:
    store = LateStore(server.url)
    membership = Membership(store, TIMES)
    producers = Producers(store, membership, times=replace(TIMES, look_s=look_s), grace_s=10, keep_s=600)
    async with asyncio.timeout(LIMIT_S):
        await membership.begin()
        try:
            yield Process(producers, membership, store)
        finally:
            await store.all_arrived()
            await producers.aclose()
            await store.aclose()


async def sealed(producers: Producers) -> RedisLease:
    lease = await producers.create(NewSummary("a", "", "finish", sealed=b"sealed"))
    assert isinstance(lease, RedisLease)
    return lease


async def next_orphan(producers: Producers) -> Orphan:
    async with asyncio.timeout(LIMIT_S):
        return await anext(producers.orphans())


async def test_a_late_write_of_a_right_that_was_given_up_is_refused(redis: RedisServer) -> None:
    """Though the same process has the right again: what its heir says then is what is stored."""
    async with one_process(redis) as at, redis_log(redis) as other:
        producers, store = at.producers, at.store
        lease = await sealed(producers)
        await lease.append([FIRST])
        store.late = "append"
        with pytest.raises(LogDown):
            await lease.append([SECOND])
        store.late = ""
        await lease.hand_over()
        orphan = await next_orphan(producers)
        assert set(await store.all_arrived()) == {b"fenced"}
        await orphan.lease.append([OTHER_SECOND, LAST], final=True)
        assert await other.read("a", "") == [FIRST, OTHER_SECOND, LAST]


async def test_what_was_begun_without_our_knowing_is_gone_at_once(redis: RedisServer) -> None:
    """Whoever asked was told to try again, and does: it must not join what nobody writes."""
    async with one_process(redis) as at:
        at.store.unheard = "create"
        same = Idempotency("order-7", "f")
        with pytest.raises(LogDown):
            await at.producers.create(NewSummary("a", "", "finish", idempotency=same))
        at.store.unheard = ""
        await until(lambda: redis.keys_like("summary:a") == [])
        assert await at.producers.find("", same) is None


async def test_a_late_hand_over_gives_nothing_away(redis: RedisServer) -> None:
    """What was taken over again is held by another right."""
    async with one_process(redis) as at, redis_log(redis) as other:
        producers, store = at.producers, at.store
        lease = await sealed(producers)
        await lease.append([FIRST])
        await lease.hand_over()
        former = (await next_orphan(producers)).lease
        store.late = "hand_over"
        with pytest.raises(LogDown):
            await former.hand_over()
        store.late = ""
        owned = await at.membership.renew()
        assert owned
        await producers.disown(owned)
        orphan = await next_orphan(producers)
        await store.all_arrived()
        await orphan.lease.append([SECOND, LAST], final=True)
        assert await other.read("a", "") == [FIRST, SECOND, LAST]


async def test_a_late_preview_of_a_right_that_was_given_up_is_not_shown(redis: RedisServer) -> None:
    """But one of its heir is."""
    async with one_process(redis) as at, redis_log(redis) as other:
        producers, store = at.producers, at.store
        lease = await sealed(producers)
        await lease.append([FIRST])
        async with other.listen("a", "", None) as listener:
            got: list[object] = []
            listening = asyncio.create_task(read_into(got, listener))
            store.late = "preview"
            lease.preview(b"stale")
            await asyncio.sleep(0)
            store.late = ""
            await lease.hand_over()
            orphan = await next_orphan(producers)
            await store.all_arrived()
            store.arriving.clear()
            orphan.lease.preview(b"fresh")
            await until(lambda: Preview(b"fresh") in got)
            await orphan.lease.append([SECOND, LAST], final=True)
            await listening
            assert got == [FIRST, Preview(b"fresh"), SECOND, LAST]


async def test_a_claim_that_is_given_up_is_given_back(redis: RedisServer) -> None:
    """Whoever takes it over then is the first."""
    async with one_process(redis) as going, redis_log(redis) as other:
        lease = await sealed(going.producers)
        await lease.append([FIRST])
        await lease.hand_over()
        going.store.slow = "claim"
        claiming = asyncio.create_task(next_orphan(going.producers))
        await going.store.asked.wait()
        claiming.cancel()
        await asyncio.wait([claiming])
        await going.store.all_arrived()
        await going.producers.aclose()
        async with asyncio.timeout(1):
            orphan = await anext(other.orphans())
        assert not orphan.taken_before
        await orphan.lease.append([SECOND, LAST], final=True)


async def test_a_claim_whose_answer_is_lost_is_given_back(redis: RedisServer) -> None:
    """Nobody has gone on with it: whoever takes it over then is the first."""
    async with one_process(redis) as at:
        producers, store = at.producers, at.store
        lease = await sealed(producers)
        await lease.append([FIRST])
        await lease.hand_over()
        store.late = "claim"
        looking = asyncio.create_task(next_orphan(producers))
        await store.asked.wait()
        store.late = ""
        await store.all_arrived()
        assert redis.field("a", "claims") == "1"
        owned = await at.membership.renew()
        assert owned
        await producers.disown(owned)
        orphan = await looking
        assert not orphan.taken_before
        await orphan.lease.append([SECOND, LAST], final=True)


async def test_all_that_a_dead_process_leaves_is_taken_over_at_once(redis: RedisServer) -> None:
    """However much that is: only after a look that brought nothing is the next one waited for."""
    count = 2 * FOUND_AT_ONCE + 1
    async with redis_log(redis) as other, one_process(redis, look_s=1000) as at:
        for n in range(count):
            await (await lease_of(other, NewSummary(f"{n}", "", "finish", sealed=b"sealed"))).append([FIRST])
        redis.forget_lease(other.node)
        orphans = at.producers.orphans()
        ids = {(await anext(orphans)).id for _ in range(count)}
        assert ids == {f"{n}" for n in range(count)}


async def test_a_life_that_was_given_up_does_not_come_back(redis: RedisServer) -> None:
    """Its beginning may arrive after that of the next, which goes on."""
    async with one_process(redis) as at:
        at.membership.lapse(at.membership.owner)
        at.store.late = "enlist"
        with pytest.raises(LogDown):
            await at.membership.begin()
        at.store.late = ""
        await at.membership.begin()
        await at.store.all_arrived()
        assert await at.membership.renew() is not None


async def read_into(got: list[object], listener: Listener) -> None:
    async for each in listener:
        got.append(each)  # noqa: PERF401 - looked at meanwhile
