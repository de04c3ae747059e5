"""What one summary costs its key, from when it begins in this process until it has ended, or goes on in another.

It is settled before its last event is stored: whoever hears of the end finds the place free. Should the process die
between the two, whoever takes the summary over inherits it, and is charged for its own part of it.
"""

from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.limiter import Reservation


class Tab:
    """Of a summary that was let in (`Allowance.reserve`), or is taken over: then `wanted.turn` is not the first."""

    def __init__(self, allowance: Allowance, wanted: Reservation) -> None:
        self._allowance = allowance
        self._wanted = wanted
        self._is_open = wanted.turn == 0

    async def open(self) -> None:
        """From now on it is this process that calls for it."""
        if not self._is_open:
            self._is_open = await self._allowance.inherit(self._wanted)

    async def settle(self, tokens: int) -> None:
        """It ends, and has cost this here."""
        await self._close(tokens, goes_on=False)

    async def hand_on(self, tokens: int) -> None:
        """It has cost this here, and keeps its place: it goes on elsewhere."""
        await self._close(tokens, goes_on=True)

    async def _close(self, tokens: int, *, goes_on: bool) -> None:
        mine, unsaid = self._wanted, None if self._is_open else self._wanted
        await self._allowance.settle(mine.key, mine.id, tokens, turn=mine.turn, goes_on=goes_on, unsaid=unsaid)
