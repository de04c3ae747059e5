"""What keys have reserved for the summaries of this process, from before they begin until they are settled."""

import asyncio
from collections.abc import Awaitable, Callable

from streamsum.errors import LimiterDown, RequestRefused
from streamsum.keys_file import Key
from streamsum.runs.limits.limiter import Limiter, OverLimit, Reservation
from streamsum.settings import WhenDown
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger

# What follows the end of a summary's time: outages that are waited out, another replica that takes it over.
SPARE_S = 60
# Between tries to settle while the limiter is away.
AGAIN_S = 1.0
# For what is still to be settled when the process goes; what is not then, runs out by itself.
LAST_WORDS_S = 2.0
# Besides when the day is over: that does not help here.
_NEVER = "It may cost more than this key has for a whole day: a shorter text, or fewer and shorter bullets, may do."


class Allowance:
    """Of one process. What could not be settled is tried again until it would have run out anyway."""

    def __init__(self, limiter: Limiter, *, when_down: WhenDown, total_s: float) -> None:
        """`when_down`: what is not known to be within its limits is refused (`closed`), or let in (`open`).

        `total_s`: how long a summary may run.
        """
        self._limiter = limiter
        self._when_down = when_down
        self._for_s = total_s + SPARE_S
        # No more than summaries that may begin within a reservation's time.
        self._unsettled: set[asyncio.Task[None]] = set()

    def reservation(self, key: Key, id: str, tokens: int, *, turn: int = 0) -> Reservation:
        """What the summary `id` of this key wants; see `Limiter`."""
        return Reservation(
            key=key.name,
            id=id,
            tokens=tokens if key.tokens_per_day is not None else 0,
            for_s=self._for_s,
            streams=key.streams,
            tokens_per_day=key.tokens_per_day,
            turn=turn,
        )

    async def reserve(self, key: Key, id: str, tokens: int) -> None:
        """For the summary `id`, if its key has limits. Raises OverLimit, RequestRefused: limiter_unavailable."""
        try:
            standing = await self._limiter.reserve(self.reservation(key, id, tokens))
        except LimiterDown:
            if self._when_down == "open":
                return
            self.release(key.name, id)  # it may be reserved all the same
            raise RequestRefused("limiter_unavailable") from None
        except BaseException:  # who wanted it is gone, or a bug: the same
            self.release(key.name, id)
            raise
        if standing is not None:
            never = key.tokens_per_day is not None and tokens > key.tokens_per_day
            raise OverLimit(standing, **{"detail": _NEVER} if never else {})

    async def inherit(self, wanted: Reservation) -> bool:
        """For a summary that is taken over; see `Limiter.inherit`. False: that has to be said again."""
        try:
            await self._limiter.inherit(wanted)
        except LimiterDown:
            return False
        except Exception as error:  # noqa: BLE001 - as below
            _say_bug(wanted.id, error)
        return True

    async def settle(
        self,
        key: str,
        id: str,
        tokens: int,
        *,
        turn: int = 0,
        goes_on: bool = False,
        unsaid: Reservation | None = None,
    ) -> None:
        """The summary has cost this; see `Limiter.settle`. `unsaid`: what could not be inherited is, before.

        Returns when it is done, or will be tried again.
        """

        async def say() -> None:
            if unsaid is not None:
                await self._limiter.inherit(unsaid)
            await self._limiter.settle(key, id, tokens, turn=turn, goes_on=goes_on)

        try:
            await say()
        except LimiterDown:
            self._later(say, id)
        except Exception as error:  # noqa: BLE001 - it must not keep the summary from its end; the reservation runs out
            _say_bug(id, error)

    def release(self, key: str, id: str) -> None:
        """It has not begun: it costs nothing."""
        self._later(lambda: self._limiter.settle(key, id, 0), id)

    def _later(self, say: Callable[[], Awaitable[None]], id: str) -> None:
        task = asyncio.create_task(self._until_said(say, id), name=f"settle {id}")
        self._unsettled.add(task)
        task.add_done_callback(self._unsettled.discard)

    async def _until_said(self, say: Callable[[], Awaitable[None]], id: str) -> None:
        try:
            async with asyncio.timeout(self._for_s):
                while True:
                    try:
                        return await say()
                    except LimiterDown:
                        await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            pass
        except Exception as error:  # noqa: BLE001 - or asyncio would print it
            _say_bug(id, error)

    async def aclose(self) -> None:
        """Settle what can be settled now."""
        if self._unsettled:
            _, late = await asyncio.wait(self._unsettled, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)


def _say_bug(id: str, error: Exception) -> None:
    logger.error("a bug", summary=id, error=whereabouts(error))
