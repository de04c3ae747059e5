"""How much longer a model's answer is read once its document may be over: for the usage figures, within limits."""

from asyncio import Timeout, get_running_loop
from typing import Literal

# The contract's: usage and `[DONE]` follow at once where they follow at all, and what else comes is of no use.
TAIL_S = 0.5
TAIL_BYTES = 4 * 1024


class Tail:
    """The clock and the count of one pass's tail; until there is one, a read costs a comparison and no timer."""

    def __init__(self, scope: Timeout) -> None:
        """`scope` is the clock of the pass; what it is set to now holds again if the tail turns out to be none."""
        self._scope = scope
        self._deadline = scope.when() or float("inf")
        self._left: int | None = None

    def reads_on(self, wants: Literal["more", "tail", "nothing"], text: str) -> bool:
        """Shall there be another read, now that `text` has been taken in?"""
        if wants == "more":
            if self._left is not None:
                self._left = None
                self._scope.reschedule(self._deadline)
            return True
        if wants == "nothing":
            return False
        if self._left is None:
            self._left = TAIL_BYTES
            self._scope.reschedule(min(self._deadline, get_running_loop().time() + TAIL_S))
        else:
            self._left -= len(text.encode(errors="replace"))
        return self._left > 0
