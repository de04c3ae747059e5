"""The clocks of one call: how long a model may be silent, may think, and may take in all.

Counted on what the model gives: comments, keep-alives and empty deltas move nothing. One timer a call, which looks at
the clock again when it is due instead of being set anew at every read.
"""

import asyncio
import math
from collections.abc import Callable


class Clocks:
    """All clocks of one call, running since this object was made; `expired` once one is over. Times in seconds.

    `stall_s` since the last content or reasoning, `think_s` until the first content, `deadline` in `loop.time()`.
    """

    def __init__(self, *, stall_s: float, think_s: float, deadline: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._alive = self._loop.time()
        self._stall_s = stall_s
        self._first_content_by = self._alive + think_s
        self._deadline = deadline
        self._timer: asyncio.TimerHandle | None = None
        self.expired = False

    @property
    def due(self) -> float:
        """When the first of them is over, as things are now, in `loop.time()`."""
        return min(self._alive + self._stall_s, self._first_content_by, self._deadline)

    def watch(self, expire: Callable[[], None]) -> None:
        """Call `expire` when a clock is over, at once if one is; until `stop`."""
        if self._loop.time() < self.due:
            self._timer = self._loop.call_at(self.due, self.watch, expire)
        else:
            self.expired = True
            expire()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer:
            self._timer.cancel()

    def saw_reasoning(self) -> None:
        """The model is alive."""
        self._alive = self._loop.time()

    def saw_content(self) -> None:
        """The model is writing."""
        self._alive = self._loop.time()
        self._first_content_by = math.inf
