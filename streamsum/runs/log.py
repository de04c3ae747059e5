"""The seam between a summary's producer and its listeners: an ordered log of events, one a summary.

The producer holds a `Lease`, the right to write one summary. Listeners read from any point, then live. What a listener
was given is stored already, byte for byte as it will be replayed.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from streamsum.core.models import OnDisconnect


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored event: `data` is its line of JSON."""

    n: int
    event: str
    data: bytes
    final: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """The open bullet so far: one overwritten slot, never stored."""

    data: bytes


@dataclass(frozen=True, slots=True)
class NewSummary:
    """What the log must know of a summary to keep its promises; `key` is the name of the API key, "" without keys."""

    id: str
    key: str
    on_disconnect: OnDisconnect


class Happening(StrEnum):
    """What the producer must hear of."""

    CANCELLED = "cancelled"  # somebody asked for the end
    NOBODY_LISTENS = "nobody_listens"  # the last listener left, and the policy's time is over
    FENCED = "fenced"  # somebody else owns the summary now


class Lease(Protocol):
    """The right to write one summary."""

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        """Store `entries`, numbered on from the last; `final`: the last of them is the summary's last.

        Raises Fenced, LogDown. RuntimeError is a bug of ours: a number left out or used twice, or more after the end.
        """
        ...

    def preview(self, data: bytes) -> None:
        """Show the listeners of now the open bullet."""
        ...

    async def happening(self) -> Happening:
        """Wait until there is something that the producer must hear of."""
        ...

    async def hand_over(self) -> None:
        """Give the right back before the end: who listens is let go without a final event. Raises LogDown."""
        ...


class Listener(Protocol):
    """Events in order, each once, then live; ends after the final one. Who is behind sees only the newest preview."""

    def __aiter__(self) -> Self:
        """Itself."""
        ...

    async def __anext__(self) -> Entry | Preview:
        """The next event, as soon as there is one."""
        ...

    def excuse(self) -> None:
        """We end this connection ourselves (draining): its leaving is not its client's, and sets no policy off."""
        ...


class EventLog(Protocol):
    """All summaries' events. `after` is the number of the last event that the asker has; 0: none.

    Raises NotFound (asked with `after=None`, unknown or another key's), Expired (with a cursor), InvalidCursor (`after`
    is beyond the last event), LogDown.
    """

    async def create(self, new: NewSummary) -> Lease:
        """A new, empty log."""
        ...

    def listen(self, id: str, key: str, after: int | None) -> AbstractAsyncContextManager[Listener]:
        """Events after `after`, then live; its user counts as listening while inside."""
        ...

    async def read(self, id: str, key: str) -> Sequence[Entry]:
        """What is stored now. Counts as listening: a grace that has begun begins again."""
        ...

    async def cancel(self, id: str, key: str) -> None:
        """Running: tell the producer to end. Finished: forget the events. Twice is no error. Raises NotFound."""
        ...

    async def aclose(self) -> None:
        """Forget everything."""
        ...
