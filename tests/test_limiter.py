"""What every limiter promises: one suite over the one in memory and the one on Redis.

Real time, and little of it; what takes longer is shown by a clock that is set (`test_quotas.py`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from streamsum.errors import LimiterDown, SettingsError
from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S, Limiter, Reservation, Standing
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.limits.redis import RedisLimiter
from streamsum.runs.redis_log.times import Times
from tests.logs import LASTING
from tests.redis_server import RedisServer, needs_redis

LIMIT_S = 20
# In a storm nobody here is to be turned away for having waited too long.
PATIENT = replace(LASTING, answer_s=LIMIT_S)


class Open(Protocol):
    """Two processes' limiters; in memory they are one."""

    def __call__(self) -> AbstractAsyncContextManager[tuple[Limiter, Limiter]]: ...


@asynccontextmanager
async def in_memory() -> AsyncIterator[tuple[Limiter, Limiter]]:
    limiter = MemoryLimiter()
    async with asyncio.timeout(LIMIT_S):
        yield limiter, limiter


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def opened(request: pytest.FixtureRequest) -> Open:
    if request.param == "memory":
        return in_memory
    server: RedisServer = request.getfixturevalue("redis")

    @asynccontextmanager
    async def on_redis() -> AsyncIterator[tuple[Limiter, Limiter]]:
        one, other = (RedisLimiter(server.url, times=PATIENT) for _ in range(2))
        async with asyncio.timeout(LIMIT_S):
            yield one, other
        for each in (one, other):
            await each.aclose()

    return on_redis


def wanted(
    id: str,
    *,
    key: str = "alice",
    tokens: int = 10,
    streams: int | None = None,
    tokens_per_day: int | None = None,
    for_s: float = 60,
    turn: int = 0,
) -> Reservation:
    return Reservation(
        key=key, id=id, tokens=tokens, for_s=for_s, streams=streams, tokens_per_day=tokens_per_day, turn=turn
    )


# Requests a minute.


async def test_so_many_requests_are_counted_and_no_more(opened: Open) -> None:
    """Each is told what is left, and when there will be more; each key has its own."""
    async with opened() as (here, there):
        for left in (2, 1, 0):
            counted, standing = await here.hit("alice", 3)
            assert counted
            assert (standing.policy, standing.quota, standing.left) == ("requests", 3, left)
            assert 58 <= standing.reset_s <= 60
        counted, standing = await there.hit("alice", 3)
        assert not counted
        assert standing.left == 0
        assert 58 <= standing.reset_s <= 60
        assert (await there.hit("bob", 3))[0]


async def test_a_moving_minute_has_no_edges() -> None:
    """In none of them are there more than the limit, wherever it begins; and each wait is as long as it says."""
    now = 0
    limiter = MemoryLimiter(steady=lambda: now)
    counted: list[int] = []
    for now in range(1_000_000, 1_000_600):
        for _ in range(3):
            was_counted, standing = await limiter.hit("alice", 7)
            if was_counted:
                counted.append(now)
            else:
                assert standing.reset_s == max(counted[-7] + 60 - now, 1)
    assert max(sum(begin <= each < begin + 60 for each in counted) for begin in counted) == 7
    assert len(counted) >= 7 * 9


async def test_another_limit_holds_at_once(opened: Open) -> None:
    """A larger one though the smaller was full, and the other way round; what was counted stays so."""
    async with opened() as (here, there):
        assert (await here.hit("alice", 1))[0]
        assert not (await there.hit("alice", 1))[0]
        assert (await there.hit("alice", 3))[1].left == 1
        assert (await here.hit("alice", 3))[0]
        assert not (await here.hit("alice", 3))[0]
        counted, standing = await here.hit("alice", 2)
        assert not counted
        assert standing.left == 0


async def test_room_is_promised_when_there_will_be_some() -> None:
    """Under a limit that was larger before, the oldest leaving is not enough."""
    times = [1000.0]
    limiter = MemoryLimiter(steady=lambda: times[-1])
    for time in (1000.0, 1010.0, 1020.0):
        times.append(time)
        assert (await limiter.hit("alice", 3))[0]
    for quota, wait in ((3, 40), (2, 50), (1, 60)):
        assert (await limiter.hit("alice", quota))[1].reset_s == wait


@needs_redis
async def test_replicas_whose_clocks_differ_admit_as_many(redis: RedisServer) -> None:
    """Neither lets more through than there may be, or tells a caller to wait too long: the server's clock counts."""
    clocks = (lambda: 1000.0), (lambda: 1030.0), (lambda: -5e6)
    limiters = [RedisLimiter(redis.url, times=PATIENT, steady=clock) for clock in clocks]
    answers = [await limiters[n % 3].hit("alice", 10) for n in range(60)]
    assert sum(counted for counted, _ in answers) == 10
    assert [standing.left for _, standing in answers] == [*range(9, -1, -1), *[0] * 50]
    assert {standing.reset_s for _, standing in answers} <= {58, 59, 60}
    for each in limiters:
        await each.aclose()


async def test_2000_tries_at_a_limit_of_100_requests_admit_100(opened: Open) -> None:
    """However they are spread over processes."""
    async with opened() as limiters:
        hits = await asyncio.gather(*(limiters[n % 2].hit("alice", 100) for n in range(2000)))
        assert sum(counted for counted, _ in hits) == 100


# Summaries at once.


async def test_so_many_run_at_once_and_no_more(opened: Open) -> None:
    """Until one of them is settled; nothing of what was refused is kept."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", streams=2)) is None
        assert await there.reserve(wanted("b", streams=2)) is None
        refused = Standing(policy="streams", quota=2, left=0, reset_s=RETRY_SOON_S)
        assert await here.reserve(wanted("c", streams=2)) == refused
        assert await here.reserve(wanted("c", streams=2, key="bob")) is None
        await there.settle("alice", "a", 5)
        assert await here.reserve(wanted("c", streams=2)) is None
        assert await here.reserve(wanted("d", streams=2)) == refused


@pytest.mark.parametrize("limit", [{"streams": 100}, {"tokens_per_day": 1009}])
async def test_2000_tries_at_a_limit_of_100_admit_100(opened: Open, limit: dict[str, int]) -> None:
    """Of summaries at once, and of tokens for so many."""
    async with opened() as limiters:
        tries = (limiters[n % 2].reserve(wanted(f"s{n}", **limit)) for n in range(2000))  # type: ignore[arg-type]
        assert (await asyncio.gather(*tries)).count(None) == 100


async def test_reserving_twice_is_reserving_once(opened: Open) -> None:
    """An answer may have been lost."""
    async with opened() as (here, there):
        for _ in range(3):
            assert await here.reserve(wanted("a", streams=1, tokens_per_day=10)) is None
        await there.settle("alice", "a", 0)
        assert await here.reserve(wanted("b", streams=1, tokens_per_day=10)) is None


# Tokens a day.


async def test_what_was_spent_is_counted_instead_of_what_was_reserved(opened: Open) -> None:
    """More or less; a second settling changes nothing."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", tokens=60, tokens_per_day=100)) is None
        refused = await there.reserve(wanted("b", tokens=60, tokens_per_day=100))
        # It may be that not all of it is needed.
        assert refused == Standing(policy="tokens", quota=100, left=40, reset_s=RETRY_SOON_S)
        await here.settle("alice", "a", 30)
        await there.settle("alice", "a", 30)
        assert await there.reserve(wanted("b", tokens=60, tokens_per_day=100)) is None
        await there.settle("alice", "b", 80)  # a second call of the model, that nobody had reckoned with
        refused = await here.reserve(wanted("c", tokens=1, tokens_per_day=100))
        assert refused is not None
        assert (refused.policy, refused.left) == ("tokens", 0)
        assert 0 < refused.reset_s <= DAY_S
        assert await here.reserve(wanted("c", tokens=1, tokens_per_day=111)) is None


async def test_who_takes_a_summary_over_pays_for_the_dead(opened: Open) -> None:
    """What the process that is gone has used, nobody knows: it is charged what was reserved. Its place goes on."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", tokens=60, streams=1, tokens_per_day=200)) is None
        for _ in range(2):
            await there.inherit(wanted("a", tokens=60, turn=1))
        await here.settle("alice", "a", 7)  # it was only asleep, and is not heard any more
        refused = await here.reserve(wanted("b", tokens=1, streams=1))
        assert refused is not None
        assert refused.policy == "streams"
        await there.settle("alice", "a", 15, turn=1)
        assert await here.reserve(wanted("b", tokens=125, streams=1, tokens_per_day=200)) is None
        assert await here.reserve(wanted("c", tokens=1, tokens_per_day=200)) is not None


async def test_what_is_handed_on_is_charged_as_it_was(opened: Open) -> None:
    """What was spent is known; the place, and what may yet be spent, go on."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", tokens=60, streams=1, tokens_per_day=100)) is None
        await here.settle("alice", "a", 30, goes_on=True)
        refused = await there.reserve(wanted("b", tokens=1, streams=1))
        assert refused is not None
        refused = await there.reserve(wanted("b", tokens=11, tokens_per_day=100))
        assert refused is not None
        assert refused.left == 10
        await there.inherit(wanted("a", tokens=60, turn=1))
        await there.settle("alice", "a", 20, turn=1)
        assert await here.reserve(wanted("b", tokens=50, streams=1, tokens_per_day=100)) is None
        assert await here.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_what_was_settled_and_goes_on_all_the_same_is_charged_again(opened: Open) -> None:
    """Its process died between its account and its last event: who runs it again pays for that, and has a place."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", tokens=60, streams=1, tokens_per_day=100)) is None
        await here.settle("alice", "a", 30)
        await there.inherit(wanted("a", tokens=60, turn=1))
        assert await here.reserve(wanted("b", tokens=1, streams=1)) is not None
        await there.settle("alice", "a", 20, turn=1)
        assert await here.reserve(wanted("b", tokens=50, streams=1, tokens_per_day=100)) is None
        assert await here.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_who_dies_after_taking_over_is_charged_too(opened: Open) -> None:
    """Each turn that ends without a word costs what was reserved; one that was handed on does not."""
    async with opened() as (here, there):
        assert await here.reserve(wanted("a", tokens=30, tokens_per_day=100)) is None
        await here.settle("alice", "a", 5, goes_on=True)
        await there.inherit(wanted("a", tokens=30, turn=1))
        await here.inherit(wanted("a", tokens=30, turn=2))
        await there.settle("alice", "a", 40, turn=1)
        await here.settle("alice", "a", 0, turn=2)
        assert await here.reserve(wanted("b", tokens=65, tokens_per_day=100)) is None
        assert await here.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_what_is_said_again_after_the_end_is_not_heard(opened: Open) -> None:
    """Answers were lost on the way: all of it is repeated, by who cannot know."""
    async with opened() as (here, there):
        for _ in range(3):
            await here.inherit(wanted("a", tokens=30, turn=1))
            await here.settle("alice", "a", 10, turn=1)
        assert await there.reserve(wanted("b", tokens=90, streams=1, tokens_per_day=100)) is None
        assert await there.reserve(wanted("c", tokens=1, tokens_per_day=100)) is not None


async def test_a_reservation_that_comes_after_its_release_does_not_stick(opened: Open) -> None:
    """Its question was given up, and overtaken on the way; nobody would ever settle it."""
    async with opened() as (here, there):
        await here.settle("alice", "a", 0)
        assert await there.reserve(wanted("a", tokens=100, streams=1, tokens_per_day=100)) is None
        assert await there.reserve(wanted("b", tokens=100, streams=1, tokens_per_day=100)) is None


async def test_what_was_never_reserved_is_not_settled(opened: Open) -> None:
    """Limits that came while it ran, or a limiter that was away when it began."""
    async with opened() as (here, there):
        await here.settle("alice", "a", 1000)
        await here.settle("alice", "a", 1000, goes_on=True)
        assert await there.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


# The server.


@needs_redis
async def test_without_its_server_it_says_so(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Within the time for an answer; and goes on as soon as it is back. The log has each once."""
    limiter = RedisLimiter(redis.url, times=Times(answer_s=0.1))
    assert (await limiter.hit("alice", 3))[0]
    redis.pause()
    try:
        for question in (
            limiter.hit("alice", 3),
            limiter.reserve(wanted("a", streams=1)),
            limiter.inherit(wanted("a", turn=1)),
            limiter.settle("alice", "a", 1),
        ):
            with pytest.raises(LimiterDown):
                await question
    finally:
        redis.resume()
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                assert (await limiter.hit("bob", 3))[0]
                break
            except LimiterDown:
                await asyncio.sleep(0.02)
    await limiter.aclose()
    assert caplog.messages == ["the limits cannot be reached", "the limits are there again"]


@needs_redis
async def test_a_request_is_counted_in_one_step(redis: RedisServer) -> None:
    """There and back once, and told what is left; from when it is known to be full, the server is not asked."""
    limiter = RedisLimiter(redis.url, times=PATIENT)
    await limiter.hit("bob", 3)
    before = redis.scripts_run()
    for _ in range(9):
        await limiter.hit("alice", 3)
    await limiter.aclose()
    assert redis.scripts_run() - before == 4


@needs_redis
async def test_nothing_is_kept_for_ever(redis: RedisServer) -> None:
    """What is left of a key that calls no more goes by itself."""
    limiter = RedisLimiter(redis.url, times=PATIENT)
    await limiter.hit("alice", 3)
    for id in ("a", "b"):
        await limiter.reserve(wanted(id, tokens_per_day=100))
    await limiter.settle("alice", "a", 10)
    await limiter.aclose()
    assert len(redis.keys()) == 6
    assert redis.immortal() == []


@needs_redis
async def test_what_an_heir_leaves_is_not_kept_for_ever(redis: RedisServer) -> None:
    """It took over what had been handed on, and died."""
    limiter = RedisLimiter(redis.url, times=PATIENT)
    await limiter.reserve(wanted("a"))
    await limiter.settle("alice", "a", 10, goes_on=True)
    await limiter.inherit(wanted("a", turn=1))
    await limiter.aclose()
    assert redis.immortal() == []


async def test_an_address_that_is_none_is_told() -> None:
    """As a setting."""
    with pytest.raises(SettingsError):
        RedisLimiter("redis://:x:y")
