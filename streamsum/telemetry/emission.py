"""How long a bullet takes from its last check to the connections of those who wait for it."""

from collections.abc import Callable

# Bullets that nobody has been sent yet. Most are sent within a millisecond; those of summaries that nobody follows live
# stay until others push them out. 0.5 MiB.
MAX_WAITING = 4096


class Emission:
    """Bullets on their way, in this process. Times in `loop.time()` seconds."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        """`observe` is given the seconds of each bullet once: those of the first listener."""
        self._observe = observe
        self._judged: dict[tuple[str, int], float] = {}

    def begin(self, id: str, n: int, *, now: float) -> None:
        """The bullet that is event `n` of this summary is about to be stored."""
        self._judged[id, n] = now
        if len(self._judged) > MAX_WAITING:
            del self._judged[next(iter(self._judged))]

    def end(self, id: str, n: int, *, now: float, since: float) -> None:
        """It is handed to a connection that has listened `since` then; who came later replays, and tells nothing."""
        judged = self._judged.pop((id, n), None)
        if judged is not None and judged >= since:
            self._observe(now - judged)
