"""Requests a minute: the moving window of the `limits` library, over one of its stores.

A request is counted if fewer than so many were in the minute before it. The store looks and counts in one step.
"""

import math
import time

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from streamsum.runs.limits.limiter import MINUTE_S, Standing


class Window:
    """One a store."""

    def __init__(self, store: MemoryStorage | RedisStorage, *, window_s: int = MINUTE_S) -> None:
        """`window_s`: so long is a minute. Errors of the store are passed on."""
        self._limiter = MovingWindowRateLimiter(store)
        self._window_s = window_s

    async def hit(self, key: str, quota: int) -> tuple[bool, Standing]:
        """See `Limiter.hit`."""
        item = RateLimitItemPerSecond(quota, self._window_s)
        counted = await self._limiter.hit(item, key)
        reset_at, left = await self._limiter.get_window_stats(item, key)
        # Half a millisecond later the oldest is out, and what was refused may already seem to have room.
        reset_s = min(max(math.ceil(reset_at - time.time()), 1), self._window_s)
        standing = Standing(policy="requests", quota=quota, left=max(left, 0) if counted else 0, reset_s=reset_s)
        return counted, standing
