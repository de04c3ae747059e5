"""What keys have reserved for the summaries of this process, from before they begin until they are settled."""

import asyncio
from contextlib import suppress

from streamsum.errors import LimiterDown, RequestRefused
from streamsum.keys_file import Key
from streamsum.runs.limits.limiter import Limiter, OverLimit, Reservation
from streamsum.settings import WhenDown

# What follows the end of a summary's time: outages that are waited out, another replica that takes it over.
SPARE_S = 60
# Between tries to settle while the limiter is away.
AGAIN_S = 1.0
# What still has to be settled when the process goes: a replica's last word, or its reservations run out by themselves.
LAST_WORDS_S = 2.0


class Allowance:
    """Reserves, and settles in a task of its own: whoever ends does not wait for it."""

    def __init__(self, limiter: Limiter, *, when_down: WhenDown, total_s: float) -> None:
        """`when_down`: what is not known to be within its limits is refused (`closed`), or let in (`open`)."""
        self._limiter = limiter
        self._when_down = when_down
        self._for_s = total_s + SPARE_S
        # (key, id) -> tokens, loop.time() until which it is worth trying. Bounded as summaries are: none is kept longer
        # than its reservation.
        self._unsettled: dict[tuple[str, str], tuple[int, float]] = {}
        self._settling: asyncio.Task[None] | None = None

    async def reserve(self, key: Key, id: str, tokens: int) -> None:
        """For the summary `id`, if its key has limits. Raises OverLimit, RequestRefused: limiter_unavailable."""
        if not key.reserves:
            return
        wanted = Reservation(
            key=key.name,
            id=id,
            tokens=tokens if key.tokens_per_day is not None else 0,
            for_s=self._for_s,
            streams=key.streams,
            tokens_per_day=key.tokens_per_day,
        )
        try:
            refused = await self._limiter.reserve(wanted)
        except LimiterDown:
            if self._when_down == "open":
                return
            self.settle(key.name, id, 0)  # it may be reserved all the same
            raise RequestRefused("limiter_unavailable") from None
        if refused is not None:
            raise OverLimit(refused)

    def settle(self, key: str, id: str, tokens: int) -> None:
        """The summary has cost this; 0: it never began. Tried again until it is done, or has run out."""
        self._unsettled[key, id] = (tokens, _now() + self._for_s)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_all(), name="settling")

    async def _settle_all(self) -> None:
        while self._unsettled:
            (key, id), (tokens, until) = next(iter(self._unsettled.items()))
            try:
                if _now() < until:
                    await self._limiter.settle(key, id, tokens)
                del self._unsettled[key, id]
            except LimiterDown:
                await asyncio.sleep(AGAIN_S)

    async def aclose(self) -> None:
        """Settle what can be settled now."""
        if self._settling is not None:
            await asyncio.wait([self._settling], timeout=LAST_WORDS_S)
            self._settling.cancel()
            with suppress(asyncio.CancelledError):
                await self._settling


def _now() -> float:
    return asyncio.get_running_loop().time()
