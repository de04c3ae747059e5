"""runs/redis_log/audience.py: who is counted as listening is who listens, whatever overtakes what on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from streamsum.errors import LogDown
from streamsum.runs.log import MAX_LISTENERS
from streamsum.runs.redis_log import RedisLog, Times
from streamsum.runs.redis_log.audience import Audience
from streamsum.runs.redis_log.store import Store
from tests.logs import FIRST, LAST, SECOND, begin, collect, redis_log, until
from tests.redis_server import RedisServer, needs_redis

pytestmark = needs_redis

LIMIT_S = 10
TIMES = Times(lease_s=60, renew_s=0.3, look_s=0.05, answer_s=1, hold_s=3, again_s=0.02)
# Where so many ask at once that the last has its answer late.
PATIENT = replace(TIMES, answer_s=LIMIT_S)
NODE = "abcd"


class SlowStore(Store):
    """A way to the server on which a join is late: its question, or its answer; or it is given up."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TIMES)
        self.asked = asyncio.Event()  # a join is on its way
        self.arrives = asyncio.Event()
        self.arrives.set()
        self.answered = asyncio.Event()
        self.answered.set()
        self.gives_up = False
        self.late: list[asyncio.Task[Any]] = []

    @override
    async def run(self, script: str, *arguments: str | bytes | int) -> Any:
        if script != "join":
            return await super().run(script, *arguments)
        self.asked.set()
        joining = asyncio.create_task(self._join(*arguments))
        self.late.append(joining)
        if self.gives_up:
            raise LogDown
        return await asyncio.shield(joining)

    async def _join(self, *arguments: str | bytes | int) -> Any:
        await self.arrives.wait()
        answer = await super().run("join", *arguments)
        await self.answered.wait()
        return answer


@asynccontextmanager
async def audience(server: RedisServer) -> AsyncIterator[tuple[Audience, SlowStore]]:
    """Of a process that gets no messages."""
    store = SlowStore(server.url)
    here = Audience(store, node=NODE)
    async with asyncio.timeout(LIMIT_S):
        await store.run("enlist", NODE, 1, 60_000)
        try:
            yield here, store
        finally:
            store.arrives.set()
            store.answered.set()
            await here.aclose()
            await asyncio.gather(*store.late)
            await store.aclose()


async def listen(log: RedisLog | Audience, id: str = "a") -> list[object]:
    async with log.listen(id, "", None) as listener:
        return list(await collect(listener))


async def test_a_storm_of_resumes_leaves_five_who_all_hear_the_end(redis: RedisServer) -> None:
    """On two replicas, all at once: whoever was replaced before it was let in ends too."""
    async with redis_log(redis, times=PATIENT) as one, redis_log(redis, times=PATIENT) as other:
        lease = await begin(one, on_disconnect="cancel")
        await lease.append([FIRST])
        storm = {asyncio.create_task(listen((one, other)[n % 2])) for n in range(120)}
        await until(lambda: sum(not task.done() for task in storm) <= MAX_LISTENERS)
        assert redis.listeners("a") == MAX_LISTENERS
        async with asyncio.timeout(LIMIT_S):
            await lease.append([SECOND, LAST], final=True)
            ends = await asyncio.gather(*storm)
        assert sum(end == [FIRST, SECOND, LAST] for end in ends) == MAX_LISTENERS


async def test_who_was_replaced_is_not_counted_again(redis: RedisServer) -> None:
    """Though it has not left yet: when all are counted again, those of now keep their places."""
    async with redis_log(redis, times=TIMES) as one, audience(redis) as (here, _):
        await begin(one)
        async with here.listen("a", "", None) as replaced, here.listen("a", "", None):
            here.hear(b"R", f"a {NODE}:1".encode())
            redis.evict("streamsum:summary:a:listeners")
            await here.catch_up()
            assert redis.listeners("a") == 1
            assert await collect(replaced) == []


async def test_who_is_replaced_before_it_is_let_in_ends(redis: RedisServer) -> None:
    """The word of it may overtake the answer."""
    async with redis_log(redis, times=TIMES) as one, audience(redis) as (here, store):
        await (await begin(one)).append([FIRST])
        store.answered.clear()
        joining = asyncio.create_task(listen(here))
        await store.asked.wait()
        here.hear(b"R", f"a {NODE}:1".encode())
        store.answered.set()
        assert await joining == []


async def test_what_is_missed_while_somebody_joins_is_fetched(redis: RedisServer) -> None:
    """It was let in before the event, whose message went to a subscription that had broken, and its answer is late."""
    async with redis_log(redis, times=TIMES) as one, audience(redis) as (here, store):
        lease = await begin(one)
        await lease.append([FIRST])
        store.answered.clear()
        joining = asyncio.create_task(listen(here))
        await until(lambda: redis.listeners("a") > 0)
        await lease.append([SECOND, LAST], final=True)
        await here.catch_up()  # the subscription is new
        store.answered.set()
        assert await joining == [FIRST, SECOND, LAST]


@pytest.mark.parametrize("given_up", [False, True])
async def test_who_left_while_all_were_counted_again_is_not_counted(redis: RedisServer, *, given_up: bool) -> None:
    """The count may come after its leaving, even after we have given it up."""
    async with redis_log(redis, times=TIMES) as one, audience(redis) as (here, store):
        await begin(one, on_disconnect="finish")
        async with here.listen("a", "", None):
            store.asked.clear()
            store.arrives.clear()
            store.gives_up = given_up
            counting = asyncio.create_task(here.catch_up())
            await store.asked.wait()
        await until(lambda: not redis.listeners("a"))
        store.arrives.set()
        await asyncio.gather(counting, *store.late)
        await until(lambda: not redis.listeners("a"))


async def test_whose_joining_was_given_up_is_not_counted(redis: RedisServer) -> None:
    """It may come to the server after the word that it has left."""
    async with redis_log(redis, times=TIMES) as one, audience(redis) as (here, store):
        await begin(one, on_disconnect="finish")
        store.gives_up = True
        store.arrives.clear()
        with pytest.raises(LogDown):
            await listen(here)
        await until(lambda: bool(redis.keys_like("left")))
        store.arrives.set()
        await asyncio.gather(*store.late)
        assert redis.listeners("a") == 0
