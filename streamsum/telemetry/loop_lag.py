"""How late the event loop is: everything that a process does waits for it."""

import asyncio
from collections.abc import Callable

# Often enough that a loop which is held up for a second is seen, and seldom enough to cost nothing.
EVERY_S = 0.5


class LoopLag:
    """A timer that looks how late it rings."""

    def __init__(self, observe: Callable[[float], None], *, every_s: float = EVERY_S) -> None:
        """`observe` is given seconds. Runs from now until `stop`."""
        self._observe = observe
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._set()

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _set(self) -> None:
        self._due = self._loop.time() + self._every_s
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._observe(max(0.0, self._loop.time() - self._due))
        self._set()
