"""A summary's events on their way into the log: numbered, encoded and appended, and noted by who keeps count."""

import asyncio
from collections.abc import Sequence

from streamsum.core.events import Event
from streamsum.core.sse import encode
from streamsum.runs.account import Account
from streamsum.runs.log import Entry, Lease
from streamsum.telemetry.observing import Observer


class Journal:
    """That of one summary."""

    def __init__(self, lease: Lease, *, n: int, account: Account, observer: Observer) -> None:
        """`n` events are stored already."""
        self.n = n  # the last event's number
        self._lease = lease
        self._account = account
        self._observer = observer
        self._noted: list[Event] = []
        self._entries: list[Entry] = []  # these, drawn up
        self._unsure: list[Event] = []  # said to the log, which has not said that it has stored them
        self._untold: list[Event] = []  # stored, and not counted yet

    def note(self, events: Sequence[Event], *, final: bool = False) -> None:
        """These come next: who writes after this appends them; `final` if the last of them is the summary's last."""
        self._observer.note_offered(events, first=self.n + 1)
        self._noted += events
        last = self.n + len(events)
        for event in events:
            self.n += 1
            self._entries.append(Entry(self.n, event.type, encode(event), final and self.n == last))

    def write_now(self) -> bool:
        """Append what is noted, where the log stores at once; False: it does not, and `write` has it all to do."""
        if self._unsure or not self._lease.append_now(self._entries):
            return False
        events, _ = self._take()
        self._account.note_written(events)
        self._untold += events
        # Behind the listeners, who have been woken: a bullet need not wait for our figures.
        asyncio.get_running_loop().call_soon(self.tell)
        return True

    def tell(self) -> None:
        """Have what is stored counted, if it is not yet."""
        if self._untold:
            stored, self._untold = self._untold, []
            self._observer.note_stored(stored)

    async def write(self, *more: Event, final: bool = False) -> None:
        """Append what is noted, and `more`; `final` if the last of them is the summary's last. Raises LogError."""
        self.tell()
        if more:
            self.note(more, final=final)
        events, entries = self._take()
        if not events:
            return
        self._unsure += events
        try:
            await self._lease.append(entries, final=final)
        finally:  # who is interrupted while the log is away has still said it
            self._account.note_written(events)
        stored, self._unsure = self._unsure, []
        self._observer.note_stored(stored)

    def _take(self) -> tuple[list[Event], list[Entry]]:
        noted, self._noted, self._entries = (self._noted, self._entries), [], []
        return noted
