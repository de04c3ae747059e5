"""Clients that leave in each phase, on two replicas with one Redis: sockets, tasks and keys are as they were."""

import asyncio
import os
import random
from collections import Counter
from contextlib import AsyncExitStack, suppress

import pytest

from streamsum.runs.redis_log import RedisLog
from tests.logs import LASTING, until_reached
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import ScriptedUpstream
from tests.servers import RawClient, Served, get, open_files, post, raw_client, served

pytestmark = [needs_redis, pytest.mark.both_loops, pytest.mark.slow]

ABORTS = 5000 if os.environ.get("STREAMSUM_SOAK") else 500
AT_ONCE = 10
HEAD = '{"bullets": [{"text": "The first."}'
REST = ', {"text": "The second."}]}'
# Whoever left while its joining was on the way is remembered for ten minutes, lest that arrive later; see prelude.lua.
WITHDRAWN = "streamsum:left:"
WAYS = ["close", "reset", "half-close", "pipelined"]


class Visitor:
    """Comes, and leaves somewhere on the way; each of its requests could begin a summary of its own."""

    def __init__(self, replicas: list[Served], seed: int) -> None:
        self._replicas = replicas
        self._chance = random.Random(seed)
        self.phases: Counter[str] = Counter()

    async def visit(self) -> None:
        phases = [self.in_the_request, self.before_the_answer, self.in_the_answer, self.in_a_replay, self.waiting]
        phase = self._chance.choice(phases)
        self.phases[phase.__name__] += 1
        async with raw_client(self._chance.choice(self._replicas).port) as client:
            with suppress(OSError, asyncio.IncompleteReadError):
                await phase(client)
                await client.leave(self._chance.choice(WAYS))

    def _post(self, **more: object) -> bytes:
        key = f"Idempotency-Key: {self._chance.randint(1, 50)}\r\n" if self._chance.random() < 0.5 else ""
        policy = self._chance.choice(["cancel", "grace"])
        return post({"text": "A text.", "on_disconnect": policy, **more}, head=key)

    async def in_the_request(self, client: RawClient) -> None:
        data = self._post()
        await client.send(data[: self._chance.randint(1, len(data))])

    async def before_the_answer(self, client: RawClient) -> None:
        await client.send(self._post())
        await asyncio.sleep(self._chance.uniform(0, 0.01))

    async def in_the_answer(self, client: RawClient) -> None:
        await client.send(self._post())
        await client.reader.readuntil(b"The first.")

    async def in_a_replay(self, client: RawClient) -> None:
        await client.send(self._post())
        _, headers = await client.head()
        async with raw_client(self._chance.choice(self._replicas).port) as other:
            await other.send(get(f"{headers.get('location', '/nowhere')}/events"))
            await other.head()
            await other.leave(self._chance.choice(WAYS))

    async def waiting(self, client: RawClient) -> None:
        await client.send(self._post(stream=False))
        await asyncio.sleep(self._chance.uniform(0, 0.05))


async def test_nothing_is_left_of_those_who_leave(redis: RedisServer) -> None:
    """Before the first byte, in mid-stream, in replays and joins, on either replica."""
    tasks, files = len(asyncio.all_tasks()), await open_files()
    upstream = ScriptedUpstream(script=[0.02, HEAD, 0.05, REST])
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack, asyncio.timeout(30 + ABORTS / 10):
        replicas = []
        for _ in range(2):
            log = await stack.enter_async_context(RedisLog(redis.url, grace_s=0.1, keep_s=0, times=LASTING))
            await until_reached(log)
            replicas.append(await stack.enter_async_context(served(upstream, log=log, limit_s=30 + ABORTS / 10)))
        visitors = [Visitor(replicas, seed) for seed in range(AT_ONCE)]
        await asyncio.gather(*(visit_often(each, ABORTS // AT_ONCE) for each in visitors))
        async with asyncio.timeout(10):
            for replica in replicas:
                await replica.service.runs.drain(10)
        assert upstream.open == 0
    phases = sum((each.phases for each in visitors), Counter[str]())
    assert phases.total() == ABORTS
    assert min(phases.values()) > ABORTS / 10
    async with asyncio.timeout(10):  # what nobody ever listened to is kept for some seconds, for who began it
        while set(redis.keys()) - set(redis.keys_like(WITHDRAWN)):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.2)
    assert redis.immortal() == []
    assert len(asyncio.all_tasks()) == tasks
    assert await open_files() <= files


async def visit_often(visitor: Visitor, times: int) -> None:
    for _ in range(times):
        await visitor.visit()
