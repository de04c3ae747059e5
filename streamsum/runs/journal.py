"""A summary's events on their way into the log: numbered, encoded and appended, and noted by who keeps count."""

from collections.abc import Iterable

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
        self._unsure: list[Event] = []  # said to the log, which has not said that it has stored them

    def note(self, events: Iterable[Event]) -> None:
        """These come next: `write` appends them, or whoever writes after it."""
        self._noted += events

    async def write(self, *more: Event, final: bool = False) -> None:
        """Append what is noted, and `more`; `final` if the last of them is the summary's last. Raises LogError."""
        events, self._noted = [*self._noted, *more], []
        if not events:
            return
        self._observer.note_offered(events, first=self.n + 1)
        last = self.n + len(events)
        entries = [
            Entry(n, event.type, encode(event), final and n == last) for n, event in enumerate(events, self.n + 1)
        ]
        self.n = last
        self._unsure += events
        try:
            await self._lease.append(entries, final=final)
        finally:  # who is interrupted while the log is away has still said it
            self._account.note_written(events)
        stored, self._unsure = self._unsure, []
        self._observer.note_stored(stored)
