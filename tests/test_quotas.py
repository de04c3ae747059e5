"""runs/limits/quotas.py: days and nights, by a clock that is an argument; and its twin on Redis, step by step."""

import time
from contextlib import aclosing
from dataclasses import replace
from random import Random

import pytest

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S
from streamsum.runs.limits.quotas import Quotas
from streamsum.runs.limits.redis import RedisLimiter
from tests.redis_server import RedisServer, needs_redis
from tests.test_limiter import wanted

MIDNIGHT = 20_000 * DAY_S
NOON = MIDNIGHT + DAY_S // 2


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_day_ends_at_midnight() -> None:
    """UTC; until then a budget that is spent stays spent, and the wait is until then."""
    clock = Clock(NOON)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=100, tokens_per_day=100)) is None
    quotas.settle("alice", "a", 100, lost=False)
    for now, wait in ((NOON, DAY_S // 2), (MIDNIGHT + DAY_S - 1, 1), (MIDNIGHT + DAY_S - 0.5, 1)):
        clock.now = now
        refused = quotas.reserve(wanted("b", tokens=1, tokens_per_day=100))
        assert refused is not None
        assert refused.reset_s == wait
    clock.now = MIDNIGHT + DAY_S
    assert quotas.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


def test_what_runs_over_midnight_counts_for_the_day_on_which_it_is_settled() -> None:
    """Until then it is held, on both."""
    clock = Clock(MIDNIGHT - 1)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=60, tokens_per_day=100)) is None
    clock.now = MIDNIGHT + 1
    refused = quotas.reserve(wanted("b", tokens=60, tokens_per_day=100))
    assert refused is not None
    assert (refused.left, refused.reset_s) == (40, RETRY_SOON_S)
    quotas.settle("alice", "a", 50, lost=False)
    assert quotas.reserve(wanted("b", tokens=50, tokens_per_day=100)) is None


def test_what_runs_out_counts_for_the_day_on_which_it_ran_out() -> None:
    """However much later somebody looks."""
    clock = Clock(MIDNIGHT - 30)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=100, tokens_per_day=100, for_s=10)) is None
    clock.now = MIDNIGHT + 10
    assert quotas.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


@needs_redis
@pytest.mark.parametrize("seed", range(40))
async def test_the_script_on_redis_says_the_same(seed: int, redis: RedisServer) -> None:
    """Any history of reserving, settling and running out, under any limits: the same answers."""
    dice = Random(seed)
    streams, tokens_per_day = dice.choice([None, 1, 3]), dice.choice([None, 60, 200])
    here = Quotas(time.time)
    async with aclosing(RedisLimiter(redis.url)) as there:
        for step in range(25):
            id, tokens = dice.choice("abcdef"), dice.choice([0, 1, 10, 40])
            if dice.random() < 0.6:
                for_s = dice.choice([0, 1000, 1000])
                one = wanted(id, tokens=tokens, for_s=for_s, streams=streams, tokens_per_day=tokens_per_day)
                said, told = here.reserve(one), await there.reserve(one)
                if said and told:  # midnight may be a second further for one of them
                    assert abs(said.reset_s - told.reset_s) <= 1
                    said, told = replace(said, reset_s=0), replace(told, reset_s=0)
                assert said == told, step
            else:
                lost = dice.random() < 0.3
                here.settle("alice", id, tokens, lost=lost)
                await there.settle("alice", id, tokens, lost=lost)
