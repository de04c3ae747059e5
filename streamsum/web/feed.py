"""What a listener is to be told next: entries that are there together, silence, or the end."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from streamsum.runs.log import Entry, Preview

# What is sent together: some ten bullets. A client that does not read has two of these waiting for it, one written and
# one not, beside the log and all else that a stream holds in memory (160 KiB).
MAX_BATCH_BYTES = 8 * 1024

News = Entry | Preview


class Source(Protocol):
    """What is read: a `Listener`, or who has looked into one."""

    async def __anext__(self) -> News:
        """See `Listener`."""
        ...

    def here(self) -> News | None:
        """See `Listener`."""
        ...


class Feed:
    """One listener's reading; `over` when nothing will follow."""

    def __init__(self, entries: Source) -> None:
        self.over = False
        self._entries = entries

    async def batch(self, *, within: float | None = None) -> Sequence[News]:
        """All that has come by now; none: `within` seconds of silence, or the end. Raises LogError.

        Each costs a turn of the event loop, so that a client's leaving is seen in a long replay too: the server's
        `send()` never suspends as long as its buffer has room.
        """
        news = self._entries.here()
        if news is None:
            news = await self._next(within)
        else:
            await asyncio.sleep(0)
        batch: list[News] = []
        size = 0
        while news is not None:
            batch.append(news)
            size += len(news.data)
            self.over = isinstance(news, Entry) and news.final
            news = None if self.over or size >= MAX_BATCH_BYTES else self._entries.here()
        return batch

    async def _next(self, within: float | None) -> News | None:
        try:
            async with asyncio.timeout(within):
                return await anext(self._entries)
        except TimeoutError:
            return None
        except StopAsyncIteration:
            self.over = True
            return None
