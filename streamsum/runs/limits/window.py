"""Requests a minute: the moving window of the `limits` library, over one of its stores.

A request is counted if fewer than so many were in the minute before it. The store looks and counts in one step.
"""

import math
from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from typing_extensions import override

from streamsum.runs.limits.limiter import MINUTE_S, Standing


class _Requests(RateLimitItemPerSecond):
    """Counted under their key's name alone: another limit does not begin anew."""

    @override
    def key_for(self, *identifiers: bytes | str | float) -> str:
        return "/".join(map(str, identifiers))


class Window:
    """One a store. What is full stays full until the oldest request is a minute old: the store is not asked till then,
    so that a storm of one key costs nobody else anything.
    """

    def __init__(self, store: MemoryStorage | RedisStorage, *, clock: Callable[[], float]) -> None:
        """`clock` is the one that the store's answers are in, and is never set. Errors of the store are passed on."""
        self._limiter = MovingWindowRateLimiter(store)
        self._clock = clock
        # key -> quota, until when; as many as there are keys
        self._full: dict[str, tuple[int, float]] = {}

    def refuse(self, key: str, quota: int) -> Standing | None:
        """Is it known to be full?"""
        full_quota, until = self._full.get(key, (0, 0.0))
        return self._standing(quota, 0, until) if full_quota == quota and self._clock() < until else None

    async def hit(self, key: str, quota: int) -> tuple[bool, Standing]:
        """See `Limiter.hit`."""
        if refused := self.refuse(key, quota):
            return False, refused
        item = _Requests(quota, MINUTE_S)
        counted = await self._limiter.hit(item, key)
        reset_at, left = await self._limiter.get_window_stats(item, key)
        if counted:
            return True, self._standing(quota, max(left, 0), reset_at)
        if left <= 0:
            self._full[key] = (quota, reset_at)
        return False, self._standing(quota, 0, reset_at)

    def _standing(self, quota: int, left: int, reset_at: float) -> Standing:
        reset_s = min(max(math.ceil(reset_at - self._clock()), 1), MINUTE_S)
        return Standing(policy="requests", quota=quota, left=left, reset_s=reset_s)
