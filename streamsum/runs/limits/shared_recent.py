"""The requests of the last minute on Redis, for all replicas: a store for the `limits` library's moving window.

Its own goes by each replica's clock (limits 5.8 sends `time.time()`), so that one that is half a minute ahead lets half
as many again through. `window.lua` goes by the server's, and says in one answer what `limits` asks in two questions.
"""

from collections.abc import Callable

from limits.aio.storage import RedisStorage
from typing_extensions import override

from streamsum.runs.redis_log.store import Store


class SharedRecent(RedisStorage):
    """Of one process. The server tells ages, which are times by this process's clock: no two clocks are compared."""

    def __init__(self, store: Store, *, clock: Callable[[], float]) -> None:
        """`store` has the script `window`; `clock` gives seconds since whenever, and is never set.

        Its methods raise LogDown.
        """
        super().__init__(
            "async+redis://",  # the kind of store: the address is the pool's
            implementation="redispy",
            connection_pool=store.pool,  # type: ignore[arg-type]  # documented, and not typed
        )
        self._server = store
        self._clock = clock
        self._found: dict[str, tuple[float, int]] = {}  # by key; as many as there are keys

    @override
    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count so many more, if there is room for all of them."""
        counted, count, age_us = await self._server.run("window", key, limit, expiry * 1_000_000, amount)
        self._found[key] = (self._clock() - age_us / 1_000_000, count)
        return bool(counted)

    @override
    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The oldest that counts, and how many do: as was said when the last was to be counted, a moment ago."""
        return self._found[key]
