"""Who listens in this process, and what they are told: a mirror for each summary that somebody listens to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

from streamsum.errors import Expired, InvalidCursor, LogDown, NotFound
from streamsum.runs.log import MAX_LISTENERS, Listener, Preview
from streamsum.runs.redis_log import wire
from streamsum.runs.redis_log.errands import Errands
from streamsum.runs.redis_log.mirror import Mirror
from streamsum.runs.redis_log.store import Store
from streamsum.runs.transcript import Reader

# Looked at in one script: it keeps the server busy for less than a millisecond.
HEEDED_AT_ONCE = 100
# Beyond the last event of any summary, and what the server can count with: a cursor may have 73 digits.
_BEYOND = 1_000_000


class Audience:
    """Counted by the server, where all processes' listeners are."""

    def __init__(self, store: Store, *, node: str) -> None:
        self._store = store
        self._node = node
        self._numbers = count(1)
        self._mirrors: dict[str, Mirror] = {}
        self._leaving: dict[str, tuple[str, bool, bool]] = {}  # listener -> what is not told to the server yet
        self._errands = Errands()
        self._closed = False

    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        """See `EventLog.listen`."""
        if self._closed:
            raise LogDown
        mirror = self._mirrors.setdefault(id, Mirror(id))
        name = f"{self._node}:{next(self._numbers)}"
        # Before it is let in: it may be replaced before we hear that it was.
        mirror.joining[name] = reader = Reader(mirror, after or 0)
        try:
            await self._join(mirror, key, after, name)
            mirror.let_in(name)
            if mirror.missed:
                _ = self._errands.send(self._catch_up(mirror))
            try:
                yield reader
            finally:
                del mirror.readers[name]
                self._leave(id, name, excused=reader.excused, may_come=name in mirror.unsure)
        finally:
            mirror.joining.pop(name, None)
            if not mirror.is_used and self._mirrors.get(id) is mirror:
                del self._mirrors[id]

    async def _join(self, mirror: Mirror, key: str, after: int | None, name: str) -> None:
        cursor = -1 if after is None else after if 0 <= after < _BEYOND else _BEYOND
        try:
            answer = await self._ask_to_join(mirror, key, cursor, name)
        except (LogDown, asyncio.CancelledError):  # it may be done all the same
            self._leave(mirror.id, name, excused=True, may_come=True)
            raise
        if answer == b"gone":
            raise NotFound if after is None else Expired
        if answer == b"beyond":
            raise InvalidCursor
        mirror.key = key

    async def _ask_to_join(self, mirror: Mirror, key: str, cursor: int, *names: str) -> bytes:
        have = len(mirror.entries)
        answer = await self._store.run("join", mirror.id, key, cursor, have, MAX_LISTENERS, *names)
        if answer[0] == b"joined":
            mirror.take(wire.stored(answer[2]))
        word: bytes = answer[0]
        return word

    def _leave(self, id: str, name: str, *, excused: bool, may_come: bool = False) -> None:
        """In a task of its own: who leaves does not wait for it. `may_come`: its joining may still be on the way."""
        self._leaving[name] = (id, excused, may_come)
        _ = self._errands.send(self._say_left(name))

    async def _say_left(self, name: str) -> None:
        if said := self._leaving.get(name):
            id, excused, may_come = said
            with suppress(LogDown):  # said again at the next renewal; twice is no error
                await self._store.run("leave", id, name, int(excused), int(may_come))
                if self._leaving.get(name) is said:
                    del self._leaving[name]

    def hear(self, kind: bytes, rest: bytes) -> None:
        """A message of one of our scripts."""
        head, _, body = rest.partition(b"\n")
        id, _, name = head.decode().partition(" ")
        if (mirror := self._mirrors.get(id)) is None:
            return  # the last one here has just left
        if kind == b"E":
            mirror.take(wire.sent(body))
            if mirror.behind:
                _ = self._errands.send(self._catch_up(mirror))
        elif kind == b"P":
            mirror.show(Preview(body))
        elif kind == b"D":
            self._let_down(mirror)
        elif kind == b"R" and (reader := mirror.reader(name)):
            reader.dismiss()

    async def catch_up(self) -> None:
        """Something may have been missed by all: fetch it, and be counted again."""
        await asyncio.gather(*(self._catch_up(mirror) for mirror in list(self._mirrors.values())))

    async def mend(self) -> None:
        """What could not be done while the server was not there, and what nobody has told us of. Raises LogDown."""
        await asyncio.gather(*(self._say_left(name) for name in list(self._leaving)))
        listened = [mirror for mirror in self._mirrors.values() if mirror.readers and not mirror.over]
        for begin in range(0, len(listened), HEEDED_AT_ONCE):
            await self._heed(listened[begin : begin + HEEDED_AT_ONCE])

    async def _heed(self, mirrors: Sequence[Mirror]) -> None:
        about = [word for mirror in mirrors for word in (mirror.id, len(mirror.entries), len(mirror.counted))]
        changed = await self._store.run("heed", self._node, *about)
        behind = [mirror for mirror in mirrors if mirror.behind or mirror.id.encode() in changed]
        await asyncio.gather(*(self._catch_up(mirror) for mirror in behind))

    async def _catch_up(self, mirror: Mirror) -> None:
        mirror.missed = bool(mirror.joining)  # who was let in before what was missed hears of that only now
        listening = mirror.counted
        if not listening:
            return
        try:
            answer = await self._ask_to_join(mirror, mirror.key, -1, *listening)
        except LogDown:
            mirror.behind = True
            mirror.unsure |= listening.keys()
        else:
            if answer == b"gone":
                mirror.end(Expired())
        for name in listening.keys() - mirror.readers.keys():  # counted again after it had left, or about to be
            self._leave(mirror.id, name, excused=listening[name].excused, may_come=True)

    def fail(self) -> None:
        """The server has been away for too long: who listens is let go without a last event."""
        for mirror in list(self._mirrors.values()):
            self._let_down(mirror)

    def _let_down(self, mirror: Mirror) -> None:
        self._excuse(mirror)
        mirror.end(LogDown())
        del self._mirrors[mirror.id]  # who comes next begins anew

    def let_go(self) -> None:
        """See `EventLog.let_go`. Nobody is let in any more."""
        self._closed = True
        for mirror in self._mirrors.values():
            self._excuse(mirror)
            mirror.end()

    def _excuse(self, mirror: Mirror) -> None:
        """We end these connections, and their clients did not."""
        for reader in (*mirror.readers.values(), *mirror.joining.values()):
            reader.excuse()

    async def aclose(self) -> None:
        """Wait until the server knows who has left, or does not answer."""
        self.let_go()
        await self._errands.finish()
