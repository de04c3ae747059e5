"""The limits on Redis: exact over all replicas, by one clock for reservations and each replica's own for minutes.

Over connections of its own, so that a storm of requests does not hold the event log up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TypeVar

from limits.aio.storage import RedisStorage

from streamsum.errors import LimiterDown, LogDown
from streamsum.runs.limits.limiter import MINUTE_S, Reservation, Standing
from streamsum.runs.limits.quotas import refusal
from streamsum.runs.limits.window import Window
from streamsum.runs.redis_log.store import MAX_CONNECTIONS, Store
from streamsum.runs.redis_log.times import Times
from streamsum.telemetry.logs import logger

# After a question that was not answered, nobody else waits for an answer: so long, all are told at once.
AWAY_S = 1.0

Answer = TypeVar("Answer")

_SCRIPTS = {"quotas": (resources.files("streamsum.runs.limits") / "quotas.lua").read_text(encoding="utf-8")}


class RedisLimiter:
    """A `Limiter` that all replicas share."""

    def __init__(self, url: str, *, minute_s: int = MINUTE_S, times: Times | None = None) -> None:
        """Connects at the first question. Raises SettingsError if `url` is no address."""
        self._store = Store(url, times or Times(), scripts=_SCRIPTS)
        store = RedisStorage(
            "async+redis://",  # the kind of store: the address is the pool's
            implementation="redispy",
            key_prefix="streamsum:rate",
            connection_pool=self._store.pool,  # type: ignore[arg-type]  # documented, and not typed
        )
        self._window = Window(store, window_s=minute_s)
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
        answer = await self._run("reserve", wanted.key, wanted.id, wanted.tokens, round(wanted.for_s * 1000), *most)
        if answer is None:
            return None
        now, running, held, spent = answer
        return refusal(wanted, now=now / 1000, running=running, held=held, spent=spent)

    async def settle(self, key: str, id: str, tokens: int, *, lost: bool = False) -> None:
        """See `Limiter.settle`."""
        await self._run("settle", key, id, tokens, int(lost))

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
                answer: Answer = await self._store.within(question())
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
