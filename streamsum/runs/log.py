"""The seam between a summary's producer and its listeners: an ordered log of events, one a summary.

The producer holds a `Lease`, the right to write one summary. Listeners read from any point, then live. What a listener
was given is stored already, byte for byte as it will be replayed.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from streamsum.core.models import OnDisconnect

# A page in two tabs, a phone, and two connections that nobody has seen die yet; beyond that somebody is storming.
MAX_LISTENERS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored event: `data` is its line of JSON."""

    n: int
    event: str
    data: bytes
    final: bool = False


def fails_empty(entries: Sequence[Entry]) -> bool:
    """Has it failed without a bullet, so that its idempotency key is free for the next try?"""
    if not entries or entries[-1].event != "summary.failed":
        return False
    return all(entry.event != "bullet" for entry in entries)


@dataclass(frozen=True, slots=True)
class Preview:
    """The open bullet so far: one overwritten slot, never stored."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The caller's word for one request: `fingerprint` tells whether it is still the same request."""

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class NewSummary:
    """What the log must know of a summary to keep its promises; `key` is the name of the API key, "" without keys.

    `total_s`: how long it may run. `sealed`: the request, for whoever takes the summary over; None: nobody can.
    """

    id: str
    key: str
    on_disconnect: OnDisconnect
    total_s: float = 300.0
    idempotency: Idempotency | None = None
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """The same request has begun the summary `id` already."""

    id: str


class Happening(StrEnum):
    """What the producer must hear of."""

    CANCELLED = "cancelled"  # somebody asked for the end
    NOBODY_LISTENS = "nobody_listens"  # the last listener left, and the policy's time is over
    FENCED = "fenced"  # somebody else owns the summary now


class Lease(Protocol):
    """The right to write one summary."""

    @property
    def can_hand_over(self) -> bool:
        """Could somebody else go on with it?"""
        ...

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        """Store `entries`, numbered on from the last; `final`: the last of them is the summary's last.

        Raises Fenced, LogDown. RuntimeError is a bug of ours: a number left out or used twice, or more after the end.
        """
        ...

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """The same, none of them final, where nothing has to be waited for; else False, and nothing is stored."""
        ...

    def preview(self, data: bytes) -> None:
        """Show the listeners of now the open bullet."""
        ...

    async def happening(self) -> Happening:
        """Wait until there is something that the producer must hear of: the first such thing, ever after."""
        ...

    async def hand_over(self) -> None:
        """Give the right back before the end. Raises LogDown.

        Who listens hears what another writes; where nobody can go on with it, he is let go without a final event.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A summary whose process is gone, and the right to write it now; `lease` is its taker's."""

    id: str
    key: str
    on_disconnect: OnDisconnect
    lease: Lease
    entries: Sequence[Entry]  # all that is stored
    sealed: bytes | None
    taken_before: bool
    cancelled: bool
    nobody_listens: bool  # somebody did, and nobody does
    age_s: float  # since it was admitted
    left_s: float  # of its time
    tenure: int = 1  # which right to write it this is; whoever began it has number 0


# Could one more summary run here?
HasRoom = Callable[[], bool]


def always() -> bool:
    """There is room."""
    return True


class Listener(Protocol):
    """Events in order, each once, then live; ends after the final one. Who is behind sees only the newest preview.

    Ends without a final event when a sixth listener has come, or the process goes. Raises LogDown, Expired.
    """

    def __aiter__(self) -> Self:
        """Itself."""
        ...

    async def __anext__(self) -> Entry | Preview:
        """The next event, as soon as there is one. Who is cancelled while waiting for it has lost nothing."""
        ...

    def here(self) -> Entry | Preview | None:
        """The next event, if it is there already; None: it has to be waited for, or there is none."""
        ...

    @property
    def dismissed(self) -> bool:
        """Has another come in its place, so that it has ended before the end?"""
        ...


class EventLog(Protocol):
    """All summaries' events. `after` is the number of the last event that the asker has; 0: none.

    Raises NotFound (asked with `after=None`, unknown or another key's), Expired (with a cursor), InvalidCursor (`after`
    is beyond the last event), LogDown.
    """

    async def create(self, new: NewSummary) -> Lease | Joined:
        """A new, empty log; or the one that the same request has begun. Raises IdempotencyConflict, LogDown."""
        ...

    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        """What `create` would join; None: nothing. Raises IdempotencyConflict, LogDown."""
        ...

    def listen(self, id: str, key: str, after: int | None) -> AbstractAsyncContextManager[Listener]:
        """Events after `after`, then live; its user counts as listening while inside, one of `MAX_LISTENERS`."""
        ...

    async def read(self, id: str, key: str) -> Sequence[Entry]:
        """What is stored now. Counts as listening: a grace that has begun begins again."""
        ...

    async def cancel(self, id: str, key: str) -> None:
        """Running: tell the producer to end. Finished: forget the events. Twice is no error. Raises NotFound."""
        ...

    def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        """Summaries whose process is gone, each handed to one taker only; never ends.

        `has_room` is asked for each: without room only those that nobody could go on with, and that need an end.
        Whoever stops asking while one is on its way has not taken it.
        """
        ...

    async def reach(self) -> None:
        """Return when a new summary could begin. Raises LogDown."""
        ...

    def let_go(self) -> None:
        """The process goes: every listener reads what is here, and ends; its leaving sets nothing off."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...
