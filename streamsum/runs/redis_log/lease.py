"""The right to write one summary on Redis, and what its producer must hear of."""

import asyncio
from collections.abc import Callable, Sequence

from streamsum.errors import Fenced, LogDown, LogError
from streamsum.runs.appends import check_append
from streamsum.runs.log import Entry, Happening, fails_empty
from streamsum.runs.redis_log.errands import Errands
from streamsum.runs.redis_log.store import Store
from streamsum.runs.redis_log.times import Times
from streamsum.runs.tidings import Tidings

_HAPPENINGS = {
    b"cancelled": Happening.CANCELLED,
    b"nobody": Happening.NOBODY_LISTENS,
    b"fenced": Happening.FENCED,
    b"gone": Happening.FENCED,  # nothing is left to write to: the server has lost it, or some of it
}


class RedisLease:
    """Appends in order, each entry once, though its caller is cancelled or a write is sent twice.

    What was given to `append` is written by a task of its own: who is interrupted while it waits has still said it,
    and the next append goes on behind it. An outage is waited out for `times.hold_s`; after that no more is written.
    """

    def __init__(
        self,
        id: str,
        *,
        owner: str,
        tenure: int,
        store: Store,
        times: Times,
        errands: Errands,
        keep_ms: int,
        can_hand_over: bool,
        stored: Sequence[Entry] = (),
        on_end: Callable[["RedisLease"], None],
    ) -> None:
        """`owner` is this process in its present life, `tenure` the number of this right; `stored`: what is there.

        `on_end` is called when nothing more will be written; perhaps again.
        """
        self.id = id
        self.owner = owner
        self.tenure = tenure
        self.can_hand_over = can_hand_over
        self._store = store
        self._times = times
        self._errands = errands
        self._keep_ms = keep_ms
        self._on_end = on_end
        self._stored: list[Entry] = list(stored)
        self._pending: list[Entry] = []
        self._over = False
        self._lost: LogError | None = None
        self._writing: asyncio.Task[None] | None = None
        self._slot: bytes | None = None
        self._showing: asyncio.Task[None] | None = None
        self._tidings = Tidings()
        self._again: asyncio.TimerHandle | None = None

    @property
    def stored(self) -> int:
        """How many events are, for certain."""
        return len(self._stored)

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """Redis is a wait away; see `Lease.append_now`."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        """Store `entries`; see `Lease.append`. Returns or raises LogDown within the time of a hold."""
        if self._lost is not None:
            raise self._lost
        check_append(entries, after=len(self._stored) + len(self._pending), over=self._over, final=final)
        self._slot = None  # what was open when it was drawn is closed now
        self._pending += entries
        self._over = final
        if self._writing is None or self._writing.done():
            self._writing = self._errands.send(self._write())
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        try:
            while self._pending:
                batch = tuple(self._pending)
                await self._hold(batch)
                del self._pending[: len(batch)]
                self._stored += batch
        except LogError as error:
            self._lost = error
            raise
        if self._over:
            self._end()

    async def _hold(self, batch: Sequence[Entry]) -> None:
        """Store these, now or when the server is back in time."""
        try:
            async with asyncio.timeout(self._times.hold_s):
                if self._showing is not None:  # or an older preview would overtake them
                    await asyncio.wait([self._showing])
                while True:
                    if await self._try(batch):
                        return
                    await asyncio.sleep(self._times.again_s)
        except TimeoutError:
            raise LogDown from None

    async def _try(self, batch: Sequence[Entry]) -> bool:
        final = batch[-1].final
        frees = final and fails_empty([*self._stored, *batch])
        fields = [field for entry in batch for field in (entry.event, entry.data)]
        head = (self.owner, self.id, self.tenure, batch[0].n, int(final), self._keep_ms, int(frees))
        try:
            answer = await self._store.run("append", *head, *fields)
        except LogDown:
            return False
        if answer == b"over":
            raise RuntimeError("somebody else has written its end by this right")
        if answer != b"stored":
            self.hear(answer)
        if answer in (b"fenced", b"gone"):
            raise Fenced
        return True

    def preview(self, data: bytes) -> None:
        """Overwrite the slot; see `Lease.preview`. One is on its way at a time, and may be lost."""
        self._slot = data
        if self._showing is None or self._showing.done():
            self._showing = self._errands.send(self._show())

    async def _show(self) -> None:
        while (data := self._slot) is not None:
            self._slot = None
            await self._store.run("preview", self.owner, self.id, self.tenure, data)

    async def happening(self) -> Happening:
        """Wait for the first thing that the producer must hear of; see `Lease.happening`."""
        return await self._tidings.wait()

    def hear(self, verdict: bytes) -> None:
        """What the check script says of it: a word."""
        if happening := _HAPPENINGS.get(verdict):
            self._tidings.tell(happening)
            if happening is Happening.FENCED:
                self._lost = self._lost or Fenced()
                self._end()

    def look_again(self, seconds: float, look: Callable[[str], None]) -> None:
        """Call `look` then, instead of when it was to be called before."""
        self._stop_looking()
        self._again = asyncio.get_running_loop().call_later(seconds, look, self.id)

    async def hand_over(self, *, unused: bool = False) -> None:
        """Whoever claims it goes on, or ends it; see `Lease.hand_over`. Said again later if nobody hears it now.

        `unused`: nothing was done with it, so that this take-over does not count.
        """
        if self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])
        if (self._over and not self._pending) or isinstance(self._lost, Fenced):
            return
        why = "unused" if unused else "down" if isinstance(self._lost, LogDown) else ""
        self._lost = self._lost or Fenced()
        self._end()
        await self._store.run("hand_over", self.owner, self.id, self.tenure, why)

    def _end(self) -> None:
        self._stop_looking()
        self._on_end(self)

    def _stop_looking(self) -> None:
        if self._again is not None:
            self._again.cancel()
