"""Tasks that nobody waits for, until the log closes."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    """Holds them (a loop does so only weakly), and looks at how they ended, or asyncio would print that."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, errand: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin it."""
        task = asyncio.create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self) -> None:
        """Wait for all of them: each has a limit of its own."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Cancel what is left."""
        for task in self._tasks:
            task.cancel()
        await self.finish()

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        task.cancelled() or task.exception()
