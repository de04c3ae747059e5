"""The clocks of a call, in time that jumps."""

import asyncio
from typing import Any

import pytest

from streamsum.upstream.clocks import Clocks
from tests.jumping_clock import in_jumping_time, now, settle, timers


class Expiry:
    """When the clocks were over."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self) -> None:
        self.times.append(now())


def clocks(**limits: Any) -> Clocks:
    return Clocks(**{"stall_s": 30.0, "think_s": 120.0, "deadline": now() + 300.0} | limits)


async def until(time: float) -> None:
    await asyncio.sleep(time - now())


@in_jumping_time
async def test_silence_is_a_stall() -> None:
    """Counted from when the call began, and told once."""
    watched, expiry = clocks(), Expiry()
    watched.watch(expiry)
    await until(1000)
    assert expiry.times == [pytest.approx(30)]
    assert watched.expired


@in_jumping_time
async def test_reasoning_puts_the_stall_off_but_not_the_thinking() -> None:
    """A model may think for as long as it thinks aloud, up to a limit."""
    watched, expiry = clocks(), Expiry()
    watched.watch(expiry)
    for second in range(10, 1000, 10):
        await until(second)
        watched.saw_reasoning()
    assert expiry.times == [pytest.approx(120)]


@in_jumping_time
async def test_content_ends_the_thinking() -> None:
    """After it only silence and the deadline count."""
    watched, expiry = clocks(), Expiry()
    watched.watch(expiry)
    for second in range(10, 200, 10):
        await until(second)
        watched.saw_content()
    await until(1000)
    assert expiry.times == [pytest.approx(190 + 30)]


@in_jumping_time
async def test_the_deadline_is_the_end() -> None:
    """However lively the model is."""
    watched, expiry = clocks(), Expiry()
    watched.watch(expiry)
    for second in range(10, 1000, 10):
        await until(second)
        watched.saw_content()
    assert expiry.times == [pytest.approx(300)]


@in_jumping_time
async def test_a_clock_that_is_over_already_is_told_at_once() -> None:
    """A deadline in the past is no reason to wait."""
    watched, expiry = clocks(deadline=now() - 1), Expiry()
    watched.watch(expiry)
    assert len(expiry.times) == 1


@in_jumping_time
async def test_a_stopped_watch_tells_nothing() -> None:
    """And leaves no timer behind."""
    watched, expiry = clocks(), Expiry()
    watched.watch(expiry)
    watched.stop()
    await until(1000)
    assert expiry.times == []
    assert not watched.expired
    assert timers() == 0


@in_jumping_time
async def test_reads_set_no_timers() -> None:
    """One timer a call, that looks again when it is due: a read costs a look at the clock."""
    watched = clocks()
    watched.watch(Expiry())
    for _ in range(100):
        watched.saw_content()
    await settle()
    assert timers() == 1
    watched.stop()
