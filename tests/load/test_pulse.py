"""The generator's own pulse."""

import asyncio
import time

import pytest

from benchmarks.load.pulse import INTERVAL_S, feel_pulse
from tests.logs import until


@pytest.mark.real_time
async def test_a_held_loop_is_noticed() -> None:
    """Whoever holds the loop up for a tenth of a second is seen in its lateness; the CPU time is this process's."""
    async with asyncio.timeout(10), feel_pulse() as pulse:
        await until(lambda: bool(pulse.late))
        held_until = time.monotonic() + 0.1
        while time.monotonic() < held_until:
            pass
        await until(lambda: max(pulse.late) >= 0.1 - INTERVAL_S)
    assert pulse.wall_s >= 0.1 + INTERVAL_S
    assert pulse.cpu_s > 0
    assert pulse.cpu_share == pulse.cpu_s / pulse.wall_s
