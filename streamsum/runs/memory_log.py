"""The event log in memory: all summaries of one process, the finished ones within limits of time and size."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from streamsum.errors import Expired, IdempotencyConflict, InvalidCursor, NotFound
from streamsum.runs.history import History
from streamsum.runs.log import (
    Entry,
    Happening,
    HasRoom,
    Idempotency,
    Joined,
    Lease,
    Listener,
    NewSummary,
    Orphan,
    always,
    fails_empty,
)

# A client that deletes twice does so at once (a retry after a lost answer); an id and a key's name are some 100 bytes.
MAX_DELETED = 1000


class MemoryLog:
    """An `EventLog` that lives and dies with its process."""

    def __init__(self, *, grace_s: float, keep_s: float, keep_bytes: int) -> None:
        """Finished summaries are kept for `keep_s` seconds and within `keep_bytes` together, the oldest going first."""
        self._grace_s = grace_s
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._histories: dict[str, History] = {}
        self._forget_at: dict[str, float] = {}  # the finished ones, in the order of their end; in loop.time() seconds
        self._kept_bytes = 0
        self._deleted: dict[str, str] = {}  # id -> key, the oldest first
        self._named: dict[tuple[str, str], tuple[str, str]] = {}  # (key, idempotency) -> (fingerprint, id)
        self._timer: asyncio.TimerHandle | None = None  # for the oldest of the finished ones

    async def create(self, new: NewSummary) -> Lease | Joined:
        """A new, empty log; its id must be new. See `EventLog.create`."""
        if new.id in self._histories:
            raise RuntimeError("this id is in use")
        if new.idempotency is not None:
            if joined := await self.find(new.key, new.idempotency):
                return joined
            self._named[new.key, new.idempotency.name] = (new.idempotency.fingerprint, new.id)
        self._histories[new.id] = history = History(new, grace_s=self._grace_s, on_end=self._keep)
        return history

    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        """What `create` would join; see `EventLog.find`."""
        if (named := self._named.get((key, idempotency.name))) is None:
            return None
        if named[0] != idempotency.fingerprint:
            raise IdempotencyConflict
        return Joined(named[1])

    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        """Events after `after`, then live; see `EventLog.listen`."""
        history = self._find(id, key, after)
        reader = history.join(after or 0)
        try:
            yield reader
        finally:
            history.leave(reader)

    async def read(self, id: str, key: str) -> Sequence[Entry]:
        """What is stored now; see `EventLog.read`."""
        history = self._find(id, key, None)
        history.glance()
        return tuple(history.transcript.entries)

    async def cancel(self, id: str, key: str) -> None:
        """End a running summary, or forget a finished one; see `EventLog.cancel`."""
        if self._deleted.get(id) == key:
            return
        history = self._find(id, key, None)
        if history.over:
            self._forget(id)
            self._deleted[id] = key
            if len(self._deleted) > MAX_DELETED:
                del self._deleted[next(iter(self._deleted))]
        else:
            history.happen(Happening.CANCELLED)

    async def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        """None, ever: what is in memory goes with its process."""
        await asyncio.get_running_loop().create_future()
        yield  # type: ignore[misc]  # pragma: no cover - makes it a generator

    async def reach(self) -> None:
        """It is here."""

    def let_go(self) -> None:
        """See `EventLog.let_go`."""
        for history in self._histories.values():
            history.let_go()

    async def aclose(self) -> None:
        """Forget everything; who listens hears no more."""
        self.let_go()
        self._histories.clear()
        self._named.clear()
        self._forget_at.clear()
        self._kept_bytes = 0
        self._deleted.clear()
        self._set_timer()

    def _find(self, id: str, key: str, after: int | None) -> History:
        history = self._histories.get(id)
        if history is None or history.new.key != key:  # another key's: as if there were none
            raise NotFound if after is None else Expired
        if after is not None and not 0 <= after <= len(history.transcript.entries):
            raise InvalidCursor
        return history

    def _keep(self, history: History) -> None:
        """Keep what has just ended as long as the limits allow."""
        id = history.new.id
        if fails_empty(history.transcript.entries):
            self._unname(history)
        if self._keep_s == 0 or history.weight > self._keep_bytes:  # alone too much: the others need not go for it
            self._unname(self._histories.pop(id))
            return
        self._forget_at[id] = asyncio.get_running_loop().time() + self._keep_s
        self._kept_bytes += history.weight
        while self._kept_bytes > self._keep_bytes:
            self._forget(next(iter(self._forget_at)))
        self._set_timer()

    def _forget(self, id: str) -> None:
        """Who is in the middle of a replay holds the history, and reads it to its end."""
        del self._forget_at[id]
        history = self._histories.pop(id)
        self._kept_bytes -= history.weight
        self._unname(history)

    def _unname(self, history: History) -> None:
        """Its idempotency key is free again; another summary may have it already."""
        new = history.new
        if new.idempotency is not None:
            name = (new.key, new.idempotency.name)
            if self._named.get(name, ("", ""))[1] == new.id:
                del self._named[name]

    def _forget_the_old(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._forget_at and self._forget_at[oldest := next(iter(self._forget_at))] <= now:
            self._forget(oldest)
        self._timer = None
        self._set_timer()

    def _set_timer(self) -> None:
        """One timer is enough: the oldest goes first. Set anew only when it has rung, or nothing is left to forget."""
        if not self._forget_at and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif self._forget_at and self._timer is None:
            oldest = next(iter(self._forget_at.values()))
            self._timer = asyncio.get_running_loop().call_at(oldest, self._forget_the_old)
