"""The Redis server: scripts of ours, and one subscription. The only place that knows the client library.

Nothing is ever sent twice by the library: whether a write may be repeated is for who asked to know.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from importlib import resources
from types import MappingProxyType
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from streamsum.errors import LogDown, SettingsError
from streamsum.runs.redis_log.times import Times

# Each command takes a fraction of a millisecond, so that a few connections carry a thousand summaries.
MAX_CONNECTIONS = 16

_NAMES = (
    *("append", "cancel", "check", "claim", "create", "enlist", "find", "hand_over", "heed", "join", "leave"),
    *("orphans", "preview", "probe", "read", "renew", "retire"),
)


class Store:
    """Answers within `times.answer_s`, or raises LogDown."""

    def __init__(self, url: str, times: Times, *, scripts: Mapping[str, str] | None = None) -> None:
        """Connects at the first command; `scripts`: others than the log's. Raises SettingsError if `url` is none."""
        self._times = times
        try:
            self.pool = BlockingConnectionPool.from_url(url, max_connections=MAX_CONNECTIONS, **_options(times))
        except ValueError:
            raise SettingsError("STREAMSUM_EVENT_LOG is no redis:// address") from None
        self._client = Redis.from_pool(self.pool)
        self._scripts = {name: self._client.register_script(text) for name, text in (scripts or SOURCES).items()}
        self.answered_at = asyncio.get_running_loop().time()  # when it was last known to be there

    async def run(self, script: str, *arguments: str | bytes | int) -> Any:
        """What the script of this name returns. Raises LogDown: it may have been done all the same, or be done yet."""
        with_answer = self._scripts[script](args=arguments)
        return await self._within(with_answer)

    async def ping(self) -> None:
        """Return if it is there. Raises LogDown."""
        await self._within(self._client.ping())

    def subscription(self) -> AbstractAsyncContextManager[PubSub]:
        """A connection of its own for messages; its use raises `Store.ERRORS`."""
        return self._client.pubsub()

    async def aclose(self) -> None:
        """Hang up."""
        await self.pool.disconnect()

    # Whatever can go wrong between us and it. A reply that it cannot do so now (it loads, has no memory) is no other.
    ERRORS = (RedisError, OSError, TimeoutError)

    async def _within(self, command: Awaitable[Any]) -> Any:
        """What `command` gives. Raises LogDown."""
        try:
            async with asyncio.timeout(self._times.answer_s):
                answer = await command
        except self.ERRORS as error:
            if _is_demoted(error):
                await self._hang_up_idle()
            raise LogDown from None
        self.answered_at = asyncio.get_running_loop().time()
        return answer

    async def _hang_up_idle(self) -> None:
        """The next commands go to whoever has the address now; those of now find out for themselves."""
        with suppress(*self.ERRORS):
            await self.pool.disconnect(inuse_connections=False)


def _is_demoted(error: Exception) -> bool:
    """Is it a replica now? After a fail-over it keeps its connections, and refuses every write on them for ever.

    Before Redis 7 what a script runs into has no code of its own.
    """
    return isinstance(error, ReadOnlyError) or (isinstance(error, ResponseError) and "READONLY" in str(error))


def _options(times: Times) -> dict[str, Any]:
    return {
        "protocol": 2,  # with 3 the library logs every message on standard error
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": times.answer_s,
        # Ours is around the whole command. Theirs is `asyncio.wait_for`, which on Python 3.11 may swallow a
        # cancellation (https://github.com/python/cpython/issues/86296), and costs a task for every command.
        "socket_timeout": None,
        "timeout": times.answer_s,  # for a free connection
    }


def _sources() -> Mapping[str, str]:
    folder = resources.files("streamsum.runs.redis_log") / "scripts"
    prelude = (folder / "prelude.lua").read_text(encoding="utf-8")
    return {name: prelude + (folder / f"{name}.lua").read_text(encoding="utf-8") for name in _NAMES}


SOURCES = MappingProxyType(dict(_sources()))
