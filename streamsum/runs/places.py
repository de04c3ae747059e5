"""How much one process takes on: so many summaries at once, and so many bytes of their sources together."""

import asyncio

from streamsum.errors import RequestRefused

# Seconds after which it is worth trying again: a summary takes some.
RETRY_OVERLOADED_S = 5


class Places:
    """A place is taken before the first wait, or two could take the last one; sizes are in UTF-8 bytes."""

    def __init__(self, *, most: int, source_bytes: int) -> None:
        self._most = most
        self._most_bytes = source_bytes
        self._taken = 0
        self._bytes = 0
        self._changed = asyncio.Event()

    def take(self, size: int) -> None:
        """Raises RequestRefused: overloaded."""
        if self._taken >= self._most or self._bytes + size > self._most_bytes:
            raise RequestRefused("overloaded", retry_after=RETRY_OVERLOADED_S)
        self.take_beyond(size)

    def take_beyond(self, size: int) -> None:
        """For what cannot be refused: a summary that was taken over already."""
        self._taken += 1
        self._bytes += size

    def give_back(self, size: int) -> None:
        """Exactly once for each that was taken."""
        self._taken -= 1
        self._bytes -= size
        self._changed.set()
        self._changed = asyncio.Event()

    async def until_idle(self) -> None:
        """Wait until none is taken."""
        while self._taken:
            await self._changed.wait()

    @property
    def has_room(self) -> bool:
        """Is one free?"""
        return self._taken < self._most and self._bytes < self._most_bytes
