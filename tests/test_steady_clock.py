"""The clock that the tests go by."""

import asyncio
import time

import pytest

from tests.steady_clock import GAP_S, SteadyLoop, SteadyUvloop

pytestmark = pytest.mark.both_loops


def now() -> float:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyLoop | SteadyUvloop)
    return loop.time()


async def test_a_gap_counts_little() -> None:
    """However long: no timer rings for it."""
    began, rang = now(), asyncio.Event()
    asyncio.get_running_loop().call_later(5 * GAP_S, rang.set)
    time.sleep(8 * GAP_S)  # noqa: ASYNC251 - the machine, as it were
    for _ in range(3):
        await asyncio.sleep(0)
    assert not rang.is_set()
    assert now() - began < 5 * GAP_S


async def test_time_in_which_nothing_happens_counts() -> None:
    """In full: here as much as has really passed, or on a machine that stood still a little less."""
    began, really = now(), time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3 * GAP_S):
            await asyncio.Event().wait()
    passed = now() - began
    assert passed == pytest.approx(3 * GAP_S, abs=GAP_S)
    assert time.monotonic() - really >= passed - 0.01


async def test_a_timer_that_was_cancelled_does_not_ring() -> None:
    """Nor does one that was not forget what it was to be called with."""
    rang: list[str] = []
    loop = asyncio.get_running_loop()
    loop.call_later(0.01, rang.append, "cancelled").cancel()
    kept = loop.call_at(now() + 0.02, rang.append, "kept")
    assert not kept.cancelled()
    await asyncio.sleep(0.03)
    assert rang == ["kept"]
