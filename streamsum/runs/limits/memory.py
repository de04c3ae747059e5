"""The limits in memory: of one process, and gone with it."""

import time
from collections.abc import Callable

from streamsum.runs.limits.limiter import Reservation, Standing
from streamsum.runs.limits.quotas import Quotas
from streamsum.runs.limits.recent import Recent
from streamsum.runs.limits.window import Window


class MemoryLimiter:
    """A `Limiter` that is always there."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds since 1970, for days; `steady` is never set, for minutes. Tests wait for neither."""
        self._window = Window(Recent(steady), clock=steady)
        self._quotas = Quotas(clock)

    async def hit(self, key: str, per_minute: int) -> tuple[bool, Standing]:
        """See `Limiter.hit`."""
        return await self._window.hit(key, per_minute)

    async def reserve(self, wanted: Reservation) -> Standing | None:
        """See `Limiter.reserve`."""
        return self._quotas.reserve(wanted)

    async def inherit(self, wanted: Reservation) -> None:
        """See `Limiter.inherit`."""
        self._quotas.inherit(wanted)

    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        """See `Limiter.settle`."""
        self._quotas.settle(key, id, tokens, turn=turn, goes_on=goes_on)
