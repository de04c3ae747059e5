"""The limits on Redis: exact over all replicas, by one clock, the server's.

Over connections of its own, so that a storm of requests does not hold the event log up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TypeVar

from streamsum.errors import LimiterDown, LogDown
from streamsum.runs.limits.limiter import Reservation, Standing
from streamsum.runs.limits.quotas import refusal
from streamsum.runs.limits.shared_recent import SharedRecent
from streamsum.runs.limits.window import Window
from streamsum.runs.redis_log.store import MAX_CONNECTIONS, Store
from streamsum.runs.redis_log.times import Times
from streamsum.telemetry.logs import logger

# After a question that was not answered, nobody else waits for an answer: so long, all are told at once.
AWAY_S = 1.0

Answer = TypeVar("Answer")


def _script(name: str) -> str:
    return (resources.files("streamsum.runs.limits") / f"{name}.lua").read_text(encoding="utf-8")


SERVER_CLOCK = _script("clock")


class RedisLimiter:
    """A `Limiter` that all replicas share."""

    def __init__(
        self,
        url: str,
        *,
        times: Times | None = None,
        steady: Callable[[], float] = time.monotonic,
        server_clock: str = SERVER_CLOCK,
    ) -> None:
        """Connects at the first question. Raises SettingsError if `url` is no address.

        `steady` is never set, and need not go with any other; `server_clock` is what stands before the scripts.
        """
        scripts = {name: server_clock + _script(name) for name in ("quotas", "window")}
        self._store = Store(url, times or Times(), scripts=scripts)
        recent = SharedRecent(self._store, clock=steady)
        self._window = Window(recent, clock=steady)
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)
        self._away_until = float("-inf")
        self._is_there = True

    async def hit(self, key: str, per_minute: int) -> tuple[bool, Standing]:
        """See `Limiter.hit`."""
        if refused := self._window.refuse(key, per_minute):
            return False, refused
        return await self._ask(lambda: self._window.hit(key, per_minute))

    async def reserve(self, wanted: Reservation) -> Standing | None:
        """See `Limiter.reserve`."""
        most = ("" if limit is None else limit for limit in (wanted.streams, wanted.tokens_per_day))
        answer = await self._run("reserve", *_words(wanted), *most)
        if answer is None:
            return None
        now, running, held, spent = answer
        return refusal(wanted, now=now / 1000, running=running, held=held, spent=spent)

    async def inherit(self, wanted: Reservation) -> None:
        """See `Limiter.inherit`."""
        await self._run("inherit", *_words(wanted))

    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        """See `Limiter.settle`."""
        await self._run("settle", key, id, turn, tokens, int(goes_on))

    async def aclose(self) -> None:
        """Hang up."""
        await self._store.aclose()

    async def _run(self, *arguments: str | int) -> list[int] | None:
        return await self._ask(lambda: self._store.run("quotas", *arguments))

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """In turn: who waits in a storm is not kept from an answer by the time that the storm takes."""
        async with self._turns:
            await asyncio.sleep(0)  # a burst takes its first steps together, before our time for an answer begins
            if asyncio.get_running_loop().time() < self._away_until:
                raise LimiterDown
            try:
                answer = await question()
            except LogDown:
                self._away_until = asyncio.get_running_loop().time() + AWAY_S
                self._note(is_there=False)
                raise LimiterDown from None
            self._note(is_there=True)
            return answer

    def _note(self, *, is_there: bool) -> None:
        if is_there is not self._is_there:
            self._is_there = is_there
            logger.warning("the limits are there again" if is_there else "the limits cannot be reached")


def _words(wanted: Reservation) -> tuple[str | int, ...]:
    return wanted.key, wanted.id, wanted.turn, wanted.tokens, round(wanted.for_s * 1000)
