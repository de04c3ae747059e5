"""The generator watches itself: what it measures is worth nothing while it cannot keep up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

# Fifty looks a second cost nothing, and find whatever holds the loop up for longer than a look.
INTERVAL_S = 0.02


@dataclass(slots=True)
class Pulse:
    """How late the generator's own loop came to what was due (seconds, one a look), and what CPU time it took."""

    late: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @property
    def cpu_share(self) -> float:
        """Of one core."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0


@asynccontextmanager
async def feel_pulse() -> AsyncIterator[Pulse]:
    """As long as the block lasts; complete after it."""
    pulse = Pulse()
    wall, cpu = time.monotonic(), time.process_time()
    beating = asyncio.create_task(_beat(pulse))
    try:
        yield pulse
    finally:
        beating.cancel()
        pulse.wall_s, pulse.cpu_s = time.monotonic() - wall, time.process_time() - cpu


async def _beat(pulse: Pulse) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL_S
        await asyncio.sleep(INTERVAL_S)
        pulse.late.append(loop.time() - due)
