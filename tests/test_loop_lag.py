"""How late the loop is."""

import asyncio
import time

from streamsum.telemetry.loop_lag import EVERY_S, LoopLag
from tests.jumping_clock import in_jumping_time, timers


@in_jumping_time
async def test_a_loop_that_is_not_held_up_is_not_late() -> None:
    """Looked at twice a second."""
    lags: list[float] = []
    lag = LoopLag(lags.append)
    await asyncio.sleep(10 * EVERY_S + 0.1)
    lag.stop()
    assert lags == [0.0] * 10
    assert timers() == 0


async def test_what_holds_the_loop_up_is_seen() -> None:
    """As late as it rang."""
    seen = asyncio.Event()
    lags: list[float] = []

    def note(seconds: float) -> None:
        lags.append(seconds)
        seen.set()

    lag = LoopLag(note, every_s=0.01)
    time.sleep(0.06)  # noqa: ASYNC251 - that is what is looked for
    async with asyncio.timeout(5):
        await seen.wait()
    lag.stop()
    assert lags[0] >= 0.04
