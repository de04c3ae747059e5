"""Minutes, days, nights and what runs out: one suite over the limits in memory and on Redis, by a clock that tests set.

On Redis it stands where the server's own stands: what comes before the scripts is an argument.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from random import Random

import pytest
from redis import Redis

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S, Limiter
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.limits.quotas import LATE_S
from streamsum.runs.limits.redis import SERVER_CLOCK, RedisLimiter
from tests.redis_server import RedisServer, needs_redis
from tests.test_limiter import PATIENT, wanted

MIDNIGHT = 20_000 * DAY_S
NOON = MIDNIGHT + DAY_S // 2
# The server's clock, where a test has set it.
SET_CLOCK = SERVER_CLOCK.replace("redis.call('TIME')", "{ redis.call('GET', 'now'), 0 }")

Set = Callable[[int], None]
Opened = Callable[[], AbstractAsyncContextManager[tuple[Limiter, Set]]]


@asynccontextmanager
async def in_memory() -> AsyncIterator[tuple[Limiter, Set]]:
    now = [NOON]
    yield MemoryLimiter(clock=lambda: now[-1], steady=lambda: now[-1]), now.append


@asynccontextmanager
async def on_redis(server: RedisServer) -> AsyncIterator[tuple[Limiter, Set]]:
    times: list[int] = []
    with Redis.from_url(server.url) as client:

        def set_clock(now: int) -> None:
            times.append(now)
            client.set("now", now)

        set_clock(NOON)
        limiter = RedisLimiter(server.url, times=PATIENT, steady=lambda: times[-1] + 1000, server_clock=SET_CLOCK)
        async with aclosing(limiter):
            yield limiter, set_clock


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def opened(request: pytest.FixtureRequest) -> Opened:
    if request.param == "memory":
        return in_memory
    server: RedisServer = request.getfixturevalue("redis")
    return lambda: on_redis(server)


async def test_a_minute_moves(opened: Opened) -> None:
    """What was counted is forgotten a minute later, one by one; what was refused never was, and is told when."""
    async with opened() as (limiter, set_clock):
        counted = []
        for now in range(NOON, NOON + 200, 5):
            set_clock(now)
            was_counted, standing = await limiter.hit("alice", 3)
            if was_counted:
                counted.append(now - NOON)
                assert standing.left == max(3 - len(counted), 0)
            else:
                assert standing.reset_s == max(counted[-3] + NOON + 60 - now, 1)
        assert counted == [0, 5, 10, 65, 70, 75, 130, 135, 140, 195]


async def test_a_day_ends_at_midnight(opened: Opened) -> None:
    """UTC; until then a budget that is spent stays spent, and the wait is until then."""
    async with opened() as (limiter, set_clock):
        assert await limiter.reserve(wanted("a", tokens=100, tokens_per_day=100)) is None
        await limiter.settle("alice", "a", 100)
        for now, wait in ((NOON, DAY_S // 2), (MIDNIGHT + DAY_S - 1, 1)):
            set_clock(now)
            refused = await limiter.reserve(wanted("b", tokens=1, tokens_per_day=100))
            assert refused is not None
            assert (refused.left, refused.reset_s) == (0, wait)
        set_clock(MIDNIGHT + DAY_S)
        assert await limiter.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


async def test_what_runs_over_midnight_counts_for_the_day_on_which_it_is_settled(opened: Opened) -> None:
    """Until then it is held, on both."""
    async with opened() as (limiter, set_clock):
        set_clock(MIDNIGHT - 1)
        assert await limiter.reserve(wanted("a", tokens=60, tokens_per_day=100)) is None
        set_clock(MIDNIGHT + 1)
        refused = await limiter.reserve(wanted("b", tokens=60, tokens_per_day=100))
        assert refused is not None
        assert (refused.left, refused.reset_s) == (40, RETRY_SOON_S)
        await limiter.settle("alice", "a", 50)
        assert await limiter.reserve(wanted("b", tokens=50, tokens_per_day=100)) is None
        assert await limiter.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_what_nobody_settles_runs_out_and_is_charged_as_reserved(opened: Opened) -> None:
    """Its process is gone: its place is free again, and its tokens count as spent. Not a moment sooner."""
    async with opened() as (limiter, set_clock):
        assert await limiter.reserve(wanted("a", tokens=60, streams=1, tokens_per_day=100, for_s=10)) is None
        set_clock(NOON + 9)
        assert await limiter.reserve(wanted("b", tokens=40, streams=1, tokens_per_day=100)) is not None
        set_clock(NOON + 10)
        assert await limiter.reserve(wanted("b", tokens=40, streams=1, tokens_per_day=100)) is None
        await limiter.settle("alice", "a", 1)  # too late
        await limiter.settle("alice", "b", 40)
        refused = await limiter.reserve(wanted("c", tokens=1, streams=1, tokens_per_day=100))
        assert refused is not None
        assert (refused.policy, refused.left) == ("tokens", 0)


async def test_what_was_handed_on_and_nobody_takes_runs_out_for_nothing(opened: Opened) -> None:
    """What it has cost is known."""
    async with opened() as (limiter, set_clock):
        assert await limiter.reserve(wanted("a", tokens=60, streams=1, tokens_per_day=100, for_s=10)) is None
        await limiter.settle("alice", "a", 25, goes_on=True)
        set_clock(NOON + 10)
        assert await limiter.reserve(wanted("b", tokens=75, streams=1, tokens_per_day=100)) is None
        assert await limiter.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_what_runs_out_counts_for_the_day_on_which_it_ran_out(opened: Opened) -> None:
    """However much later somebody looks."""
    async with opened() as (limiter, set_clock):
        set_clock(MIDNIGHT - 30)
        assert await limiter.reserve(wanted("a", tokens=100, tokens_per_day=100, for_s=10)) is None
        set_clock(MIDNIGHT + 10)
        assert await limiter.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


@needs_redis
async def test_what_is_evicted_in_part_harms_nobody(redis: RedisServer) -> None:
    """What was reserved is not known any more, and not charged; what the key begins next is counted on."""
    async with on_redis(redis) as (limiter, set_clock):
        for id in ("a", "b"):
            assert await limiter.reserve(wanted(id, for_s=60)) is None
        redis.evict("streamsum:quota:alice:held")
        await limiter.inherit(wanted("b", for_s=60, turn=1))
        set_clock(NOON + 61)
        assert await limiter.reserve(wanted("c", tokens=100, tokens_per_day=100)) is None
        assert await limiter.reserve(wanted("d", tokens=1, tokens_per_day=100)) is not None


async def test_what_comes_late_is_known_for_long_enough_and_no_longer(opened: Opened) -> None:
    """A reservation behind its own release; what is remembered of it goes."""
    async with opened() as (limiter, set_clock):
        await limiter.settle("alice", "a", 0)
        set_clock(NOON + LATE_S - 1)
        assert await limiter.reserve(wanted("a", streams=1)) is None
        assert await limiter.reserve(wanted("b", streams=1)) is None
        await limiter.settle("alice", "b", 0)
        set_clock(NOON + LATE_S)
        assert await limiter.reserve(wanted("a", streams=1)) is None
        assert await limiter.reserve(wanted("c", streams=1)) is not None


@needs_redis
@pytest.mark.parametrize("seed", range(10))
async def test_both_say_the_same(seed: int, redis: RedisServer) -> None:
    """Any history of reserving, inheriting, settling, handing on, running out and midnights, under any limits."""
    dice = Random(seed)
    streams, tokens_per_day = dice.choice([None, 1, 3]), dice.choice([None, 60, 200])
    async with in_memory() as (here, set_here), on_redis(redis) as (there, set_there):
        now = NOON
        for step in range(80):
            now += dice.choice([0, 0, 0, 1, 1, 20, LATE_S, DAY_S // 3])
            set_here(now)
            set_there(now)
            one = wanted(
                dice.choice("abcdef"),
                tokens=dice.choice([0, 1, 10, 40]),
                for_s=dice.choice([0, 2, 1000, 1000]),
                streams=streams,
                tokens_per_day=tokens_per_day,
                turn=dice.choice([0, 0, 1, 2]),
            )
            match dice.choice(["reserve", "reserve", "inherit", "settle"]):
                case "reserve":
                    assert await here.reserve(one) == await there.reserve(one), step
                case "inherit":
                    await here.inherit(one)
                    await there.inherit(one)
                case _:
                    goes_on = dice.random() < 0.3
                    for each in (here, there):
                        await each.settle(one.key, one.id, one.tokens, turn=one.turn, goes_on=goes_on)
