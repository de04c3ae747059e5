"""What a listener is to be told next: entries that are there together, silence, or the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from streamsum.runs.log import Entry, Preview
from streamsum.web.departure import ClientGone, let_go

# What is sent together: some ten bullets. A client that does not read has two of these waiting for it, one written and
# one not, beside the log and all else that a stream holds in memory (160 KiB).
MAX_BATCH_BYTES = 8 * 1024

News = Entry | Preview


class Feed:
    """One listener's reading, which ends with the log or with the client, whichever comes first.

    Every entry costs a turn of the event loop, so that a client's leaving is seen in a long replay too: the server's
    `send()` never suspends as long as its buffer has room.
    """

    def __init__(self, entries: AsyncIterator[News], *, gone: asyncio.Task[None]) -> None:
        """Close it before `entries` and `gone` are let go."""
        self.over = False
        self._entries = entries
        self._gone = gone
        self._upcoming = self._ask()

    async def batch(self, *, within: float | None = None) -> Sequence[News]:
        """All that has come by now; none: `within` seconds of silence, or the end. Raises ClientGone, LogError."""
        await asyncio.wait([self._upcoming, self._gone], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        batch: list[News] = []
        size = 0
        while not self._gone.done() and self._upcoming.done() and size < MAX_BATCH_BYTES:
            if batch and self._upcoming.exception() is not None:
                break  # first what came before it
            news = self._upcoming.result()
            if news is None:
                self.over = True
                break
            batch.append(news)
            size += len(news.data)
            self._upcoming = self._ask()
            await asyncio.sleep(0)  # lets the log answer, and the departure be noticed
        if self._gone.done():
            raise ClientGone
        return batch

    async def aclose(self) -> None:
        """Ask the log no more."""
        await let_go(self._upcoming)

    def _ask(self) -> asyncio.Task[News | None]:
        return asyncio.create_task(self._next())

    async def _next(self) -> News | None:
        return await anext(self._entries, None)
