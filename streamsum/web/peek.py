"""A listener that can be looked into before anything is sent."""

import asyncio
from collections import deque

import jiter

from streamsum.errors import Problem
from streamsum.runs.log import Entry, Listener, Preview


class Peek:
    """Gives everything in order, what was looked at too."""

    def __init__(self, entries: Listener) -> None:
        self._entries = entries
        self._seen: deque[Entry | Preview] = deque()

    async def __anext__(self) -> Entry | Preview:
        return self._seen.popleft() if self._seen else await anext(self._entries)

    def here(self) -> Entry | Preview | None:
        """See `Listener.here`."""
        return self._seen.popleft() if self._seen else self._entries.here()

    def started(self) -> "asyncio.Task[Problem | None]":
        """As `Run.started`, of a run that is not here: told by its second event, or a preview."""
        return asyncio.create_task(self._first_word())

    async def _first_word(self) -> Problem | None:
        async for news in self._entries:
            self._seen.append(news)
            if isinstance(news, Preview):  # there is content, and what comes after it is not kept here
                return None
            if news.n > 1:
                failed = news.event == "summary.failed"
                return Problem.model_validate(jiter.from_json(news.data)["problem"]) if failed else None
        return None
