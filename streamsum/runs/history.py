"""The events of one summary, in memory: who writes them, who listens, and what follows when nobody does."""

import asyncio
from collections.abc import Callable, Sequence

from streamsum.runs.appends import check_append
from streamsum.runs.log import MAX_LISTENERS, Entry, Happening, NewSummary, Preview
from streamsum.runs.tidings import Tidings
from streamsum.runs.transcript import Reader, Transcript

# What an entry and a history weigh beside their data, rounded up: 105 and 2,370 by tracemalloc on Python 3.11.
ENTRY_BYTES = 160
HISTORY_BYTES = 2560


class History:
    """One summary's events and listeners: the memory log's `Lease`.

    Not bounded here, for it need not be: a summary has at most 200 elements (the decoder's limit), a rejection is a
    few words of ours and at most 50 bullets of 1,000 characters pass, so that all its events stay under 512 KiB.
    """

    def __init__(self, new: NewSummary, *, grace_s: float, on_end: Callable[["History"], None]) -> None:
        """`on_end` is called once, when nothing will follow: the end is stored, or the producer has given up."""
        self.new = new
        self.transcript = Transcript()
        self.weight = HISTORY_BYTES
        self._grace_s = grace_s
        self._on_end = on_end
        self._readers: list[Reader] = []  # who listens, the oldest first
        self._grace: asyncio.TimerHandle | None = None
        self._tidings = Tidings()

    @property
    def over(self) -> bool:
        """Nothing will follow."""
        return self.transcript.over

    # The producer's side.

    @property
    def can_hand_over(self) -> bool:
        """Nobody else has this memory."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        """Store `entries`; see `Lease.append`."""
        self._store(entries, final=final)
        if final:
            self.end()
            self._on_end(self)

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """Store `entries`; see `Lease.append_now`."""
        self._store(entries, final=False)
        return True

    def _store(self, entries: Sequence[Entry], *, final: bool) -> None:
        check_append(entries, after=len(self.transcript.entries), over=self.over, final=final)
        self.transcript.extend(entries)
        self.weight += sum(ENTRY_BYTES + len(entry.data) for entry in entries)

    def preview(self, data: bytes) -> None:
        """Overwrite the slot; see `Lease.preview`."""
        self.transcript.show(Preview(data))

    async def happening(self) -> Happening:
        """Wait for the first thing that the producer must hear of; see `Lease.happening`."""
        return await self._tidings.wait()

    async def hand_over(self) -> None:
        """Nobody is there to take it: what is stored stays, and nothing will follow; see `Lease.hand_over`."""
        if not self.over:
            self.end()
            self._on_end(self)

    # The listeners' side.

    def join(self, after: int) -> Reader:
        """One more listens; beyond the limit the oldest makes room."""
        if len(self._readers) >= MAX_LISTENERS:
            self._readers.pop(0).dismiss()
        reader = Reader(self.transcript, after)
        self._readers.append(reader)
        self._stop_grace()
        return reader

    def leave(self, reader: Reader) -> None:
        """One of them does not any more; the last one's leaving sets off the policy, unless it is excused."""
        if reader in self._readers:
            self._readers.remove(reader)
        if self._readers or reader.excused or self.over:
            return
        if self.new.on_disconnect == "cancel":
            self.happen(Happening.NOBODY_LISTENS)
        elif self.new.on_disconnect == "grace":
            self._start_grace()

    def let_go(self) -> None:
        """The process goes: whoever listens reads what there is, and ends."""
        for reader in self._readers:
            reader.excuse()
        self.end()

    def glance(self) -> None:
        """Somebody looked in: a grace that has begun begins again."""
        if self._grace is not None:
            self._start_grace()

    # The log's side.

    def happen(self, happening: Happening) -> None:
        """Tell the producer."""
        self._tidings.tell(happening)

    def end(self) -> None:
        """Nothing will follow: its listeners' iterations end, its timer is gone."""
        self.transcript.end()
        self._stop_grace()

    def _start_grace(self) -> None:
        self._stop_grace()
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self._grace_s, self.happen, Happening.NOBODY_LISTENS)

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
