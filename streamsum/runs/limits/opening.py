"""The limiter that goes with the event log: limits are shared by whoever shares the summaries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamsum.runs.limits.limiter import Limiter
from streamsum.settings import MEMORY, Settings


@asynccontextmanager
async def opened_limiter(settings: Settings) -> AsyncIterator[Limiter | None]:
    """None without keys: there is nobody to be limited. Imports wait until then: `limits` takes a third of a second."""
    url = settings.event_log.get_secret_value()
    if not settings.keys:
        yield None
    elif url == MEMORY:
        from streamsum.runs.limits.memory import MemoryLimiter

        yield MemoryLimiter()
    else:
        from streamsum.runs.limits.redis import RedisLimiter

        limiter = RedisLimiter(url)
        try:
            yield limiter
        finally:
            await limiter.aclose()
