"""The events of one summary, in memory: who writes them, who listens, and what follows when nobody does.

Everything happens on one event loop, and nothing here waits for a listener: whoever is behind reads on from its place.
"""

import asyncio
from collections.abc import Callable, Sequence

from streamsum.runs.log import Entry, Happening, NewSummary, Preview

# What an entry and a history weigh beside their data, rounded up: 105 and 1,910 by tracemalloc on Python 3.11.
ENTRY_BYTES = 160
HISTORY_BYTES = 2048


class History:
    """One summary's events and listeners: the memory log's `Lease`.

    Not bounded here, for it need not be: a summary has at most 200 elements (the decoder's limit), a rejection is a
    few words of ours and at most 50 bullets of 1,000 characters pass, so that all its events stay under 512 KiB.
    """

    def __init__(self, new: NewSummary, *, grace_s: float, on_end: Callable[["History"], None]) -> None:
        """`on_end` is called once, when nothing will follow: the end is stored, or the producer has given up."""
        self.new = new
        self.entries: list[Entry] = []
        self.newest_preview: Preview | None = None
        self.over = False  # nothing will follow
        self.weight = HISTORY_BYTES
        self._grace_s = grace_s
        self._on_end = on_end
        self._changed = asyncio.Event()
        self._listeners = 0
        self._grace: asyncio.TimerHandle | None = None
        self._happening: Happening | None = None
        self._happened = asyncio.Event()

    # The producer's side.

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        """Store `entries`; see `Lease.append`."""
        self._check(entries, final=final)
        self.entries += entries
        self.weight += sum(ENTRY_BYTES + len(entry.data) for entry in entries)
        self.newest_preview = None  # what was open when it was drawn is closed now
        if final:
            self.end()
            self._on_end(self)
        self._tell_listeners()

    def _check(self, entries: Sequence[Entry], *, final: bool) -> None:
        first = len(self.entries) + 1
        if self.over:
            raise RuntimeError("an append after the end")
        if [entry.n for entry in entries] != list(range(first, first + len(entries))):
            raise RuntimeError("the numbers of events must go on from the last, without gaps")
        if [entry.final for entry in entries if entry.final] != [True] * final:
            raise RuntimeError("the final append has the final event, and no other append has one")

    def preview(self, data: bytes) -> None:
        """Overwrite the slot; see `Lease.preview`."""
        self.newest_preview = Preview(data)
        self._tell_listeners()

    async def happening(self) -> Happening:
        """Wait for the first thing that the producer must hear of; it is the same ever after."""
        while self._happening is None:
            await self._happened.wait()
        return self._happening

    async def hand_over(self) -> None:
        """Nobody is there to take it: what is stored stays, and nothing will follow; see `Lease.hand_over`."""
        if not self.over:
            self.end()
            self._on_end(self)

    # The listeners' side.

    async def change(self) -> None:
        """Wait until there is more to read than now, or nothing will follow."""
        await self._changed.wait()

    def join(self) -> None:
        """One more listens."""
        self._listeners += 1
        self._stop_grace()

    def leave(self, *, excused: bool) -> None:
        """One of them does not any more; the last one's leaving sets off the policy, unless it is excused."""
        self._listeners -= 1
        if self._listeners or excused or self.over:
            return
        if self.new.on_disconnect == "cancel":
            self.happen(Happening.NOBODY_LISTENS)
        elif self.new.on_disconnect == "grace":
            self._start_grace()

    def glance(self) -> None:
        """Somebody looked in: a grace that has begun begins again."""
        if self._grace is not None:
            self._start_grace()

    # The log's side.

    def happen(self, happening: Happening) -> None:
        """Tell the producer; the first happening is the one."""
        self._happening = self._happening or happening
        self._happened.set()

    def end(self) -> None:
        """Nothing will follow: its listeners' iterations end, its timer is gone."""
        self.over = True
        self._stop_grace()
        self._tell_listeners()

    def _start_grace(self) -> None:
        self._stop_grace()
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self._grace_s, self.happen, Happening.NOBODY_LISTENS)

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _tell_listeners(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
