"""Who pays for a summary that several processes have seen: two of them, and a key with limits, on one real Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr
from typing_extensions import override

from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.keys_file import Key
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.redis import RedisLimiter
from streamsum.runs.log import Entry, NewSummary
from streamsum.runs.redis_log import RedisLog
from streamsum.runs.registry import Runs
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from tests.logs import LASTING, lease_of, redis_log, until_reached
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import HANG, ScriptedUpstream, Step
from tests.test_limiter import PATIENT, wanted

pytestmark = needs_redis

LIMIT_S = 15
BUDGET = 100_000
ALICE = Key(name="alice", streams=1, tokens_per_day=BUDGET)
SEALER = Sealer([SecretStr("s" * 32)])
REQUEST = SummaryRequest(text="Nothing much happened.", on_disconnect="finish", evidence="off")
HEAD = '{"bullets": [{"text": "The first."}'
REST = '{"bullets": [{"text": "The second."}]}'
COST = Usage(20, 10)


class Limiter(RedisLimiter):
    """Of one process; a test may have something happen as soon as it has settled."""

    settled: Callable[[], Awaitable[None]] | None = None

    @override
    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        await super().settle(key, id, tokens, turn=turn, goes_on=goes_on)
        if self.settled is not None:
            await self.settled()


@dataclass(frozen=True)
class Process:
    """One's running summaries, its log, and its view of the limits."""

    runs: Runs
    log: RedisLog
    limiter: Limiter

    async def begun(self) -> Run:
        run = await self.runs.start(REQUEST, key=ALICE)
        await asyncio.wait([run.started])
        return run

    async def last_event(self, id: str) -> str:
        """When it is over, whoever has ended it."""
        async with self.log.listen(id, "alice", None) as listener:
            return [each.event async for each in listener if isinstance(each, Entry)][-1]

    async def spent(self) -> int:
        """By asking for more than there can be left."""
        standing = await self.limiter.reserve(wanted("probe", tokens=BUDGET + 1, tokens_per_day=BUDGET))
        assert standing is not None
        return BUDGET - standing.left

    async def has_a_place(self) -> bool:
        """Is there none left for another?"""
        return await self.limiter.reserve(wanted("other", tokens=0, streams=1)) is not None


@asynccontextmanager
async def process(server: RedisServer, *script: Step, renew_s: float = 0.1) -> AsyncIterator[Process]:
    upstream = ScriptedUpstream(script=script, ended=End(Cause.STOP, finish_reason="stop", usage=COST))
    limiter = Limiter(server.url, times=PATIENT)
    async with (
        asyncio.timeout(LIMIT_S),
        aclosing(limiter),
        RedisLog(server.url, grace_s=5, keep_s=600, times=replace(LASTING, look_s=0.05, renew_s=renew_s)) as log,
    ):
        await until_reached(log)
        runs = Runs(
            upstreams=[upstream],
            log=log,
            settings=Settings(),
            sealer=SEALER,
            key_named={"alice": ALICE}.get,
            allowance=Allowance(limiter, when_down="closed", total_s=300),
        )
        yield Process(runs, log, limiter)
        await runs.aclose()


async def test_who_hands_over_pays_what_it_has_used_and_the_heir_the_rest(redis: RedisServer) -> None:
    """Not what was reserved; and the place goes on with the summary."""
    async with process(redis, HEAD, HANG) as going, process(redis, REST) as heir:
        run = await going.begun()
        reserved = await going.spent()
        await going.runs.drain(0)
        used = run.meter.tokens
        assert 0 < used < reserved / 2
        assert await heir.has_a_place()
        heir.runs.adopt()
        assert await heir.last_event(run.id) == "summary.completed"
        assert await heir.spent() == used + sum((COST.prompt_tokens or 0, COST.completion_tokens or 0))
        assert not await heir.has_a_place()


async def test_for_the_dead_as_much_is_paid_as_was_reserved(redis: RedisServer) -> None:
    """What it has used nobody knows; should it only have slept, it is not heard any more."""
    async with process(redis, HEAD, HANG, renew_s=3) as asleep, process(redis, REST) as heir:
        run = await asleep.begun()
        reserved = await asleep.spent()
        heir.runs.adopt()
        redis.forget_lease(asleep.log.node)  # it hears of it at its next renewal
        assert await heir.last_event(run.id) == "summary.completed"
        while len(asleep.runs):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        assert await heir.spent() == reserved + 30
        assert not await heir.has_a_place()


async def test_who_dies_between_its_account_and_its_last_event_leaves_nothing_for_free(redis: RedisServer) -> None:
    """It is run again, has a place again, and is paid for twice: that is what it has cost."""
    async with process(redis, REST) as dying, process(redis, REST) as heir:

        async def die() -> None:
            dying.limiter.settled = None
            redis.forget_lease(dying.log.node)

        dying.limiter.settled = die
        run = await dying.begun()
        while len(dying.runs):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        assert await heir.spent() == 30
        heir.runs.adopt()
        assert await heir.last_event(run.id) == "summary.completed"
        assert await heir.spent() == 60
        assert not await heir.has_a_place()


@pytest.mark.parametrize("cancelled", [False, True])
async def test_what_is_only_ended_costs_no_more(redis: RedisServer, cancelled: bool) -> None:
    """By whoever finds it, without a call; handed over, it costs what was used."""
    async with process(redis, HEAD, HANG) as going:
        run = await going.begun()
        await going.runs.drain(0)
        used = run.meter.tokens
    async with process(redis, HANG) as heir:
        if cancelled:
            await heir.log.cancel(run.id, "alice")
        else:
            redis.evict(f"streamsum:summary:{run.id}:request")
        heir.runs.adopt()
        assert await heir.last_event(run.id) == ("summary.completed" if cancelled else "summary.failed")
        assert await heir.spent() == used
        assert not await heir.has_a_place()


async def test_what_nobody_here_can_read_is_paid_for_too(redis: RedisServer) -> None:
    """A newer version has begun it, and died: it is ended, and its place is free."""
    async with process(redis, HANG) as heir:
        async with redis_log(redis) as newer:
            assert await heir.limiter.reserve(wanted("a", tokens=70, streams=1, tokens_per_day=BUDGET)) is None
            lease = await lease_of(newer, NewSummary("a", "alice", "finish"))
            await lease.append([Entry(1, "bullet.praised", b'{"type":"bullet.praised"}')])
        heir.runs.adopt()
        assert await heir.last_event("a") == "summary.failed"
        assert await heir.spent() == 70
        assert not await heir.has_a_place()
