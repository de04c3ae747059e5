"""What this process writes: its leases, what their producers must hear of, and the orphans that it takes over."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from streamsum.core.models import OnDisconnect
from streamsum.errors import IdempotencyConflict, LogDown
from streamsum.runs.log import Entry, HasRoom, Idempotency, Joined, Lease, NewSummary, Orphan, always
from streamsum.runs.redis_log import wire
from streamsum.runs.redis_log.errands import Errands
from streamsum.runs.redis_log.lease import RedisLease
from streamsum.runs.redis_log.membership import Membership
from streamsum.runs.redis_log.store import Store
from streamsum.runs.redis_log.times import Times

# Looked at in one script: it keeps the server busy for less than a millisecond.
CHECKED_AT_ONCE = 100
# Found by one look: others take some of them meanwhile.
FOUND_AT_ONCE = 20
# A running summary is kept for its time, and this long after it: for outages, and for a taker to end it.
SPARE_S = 120


class Producers:
    """Looks at all that it owns at every renewal, and at once at what it is alerted to."""

    def __init__(self, store: Store, membership: Membership, *, times: Times, grace_s: float, keep_s: float) -> None:
        self._store = store
        self._membership = membership
        self._times = times
        self._grace_ms = round(grace_s * 1000)
        self._keep_ms = round(keep_s * 1000)
        self._errands = Errands()
        self._givings_back = Errands()
        self._leases: dict[str, RedisLease] = {}
        self._asked_for: set[str] = set()  # ids that are ours as soon as the server's answer is here
        # Claimed, perhaps, and nothing done with it: its one take-over is not used up. Of those whose answer was lost
        # some were not ours after all, and stay until the next life: no more than there were orphans.
        self._untouched: set[str] = set()
        self._due: set[str] = set()
        self._alerted = asyncio.Event()
        self._orphaned = asyncio.Event()

    async def create(self, new: NewSummary) -> Lease | Joined:
        """See `EventLog.create`."""
        owner = self._membership.owner
        total_ms = round(new.total_s * 1000)
        expiry_ms = total_ms + self._keep_ms + SPARE_S * 1000
        digest, fingerprint = "", ""
        if (same := new.idempotency) is not None:
            digest, fingerprint = _digest(new.key, same), same.fingerprint
        self._asked_for.add(new.id)
        try:
            answer = await self._store.run(
                *("create", owner, new.id, new.key, new.on_disconnect, total_ms, expiry_ms),
                *(digest, fingerprint, new.sealed or b""),
            )
        except LogDown:
            _ = self._errands.send(self._take_back(new.id, owner))
            raise
        finally:
            self._asked_for.discard(new.id)
        match answer:
            case [b"created"]:
                return self._lease(new.id, owner, 0, can_hand_over=new.sealed is not None)
            case [b"joined", id]:
                return Joined(id.decode())
            case [b"conflict"]:
                raise IdempotencyConflict
            case [b"fenced"]:  # the next life begins within a moment
                self._membership.lapse(owner)
                raise LogDown
            case _:
                raise RuntimeError("this id is in use")

    async def _take_back(self, id: str, owner: str) -> None:
        """It may have been created all the same: at once, or the same request joins what nobody writes."""
        with suppress(LogDown):  # at the next renewal then
            await self._store.run("hand_over", owner, id, 0, "")

    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        """See `EventLog.find`."""
        match await self._store.run("find", _digest(key, idempotency), idempotency.fingerprint):
            case [b"joined", id]:
                return Joined(id.decode())
            case [b"conflict"]:
                raise IdempotencyConflict
            case _:
                return None

    def _lease(
        self, id: str, owner: str, tenure: int, *, can_hand_over: bool, stored: Sequence[Entry] = ()
    ) -> RedisLease:
        lease = self._leases[id] = RedisLease(
            id,
            owner=owner,
            tenure=tenure,
            store=self._store,
            times=self._times,
            errands=self._errands,
            keep_ms=self._keep_ms,
            can_hand_over=can_hand_over,
            stored=stored,
            on_end=self._forget,
        )
        return lease

    def _forget(self, lease: RedisLease) -> None:
        if self._leases.get(lease.id) is lease:  # else we have taken it over from ourselves
            del self._leases[lease.id]

    async def aclose(self) -> None:
        """Write no more: whoever had something to say has said it, or has been told."""
        await self._givings_back.finish()
        await self._errands.stop()

    # What a producer must hear of.

    def alert(self, id: str) -> None:
        """Something has happened to it: look, as soon as possible."""
        if id in self._leases:
            self._due.add(id)
            self._alerted.set()

    def alert_all(self) -> None:
        """Messages may have been lost."""
        self._due.update(self._leases)
        self._alerted.set()

    async def watch(self) -> None:
        """Look at what is due, until cancelled."""
        while True:
            await self._alerted.wait()
            self._alerted.clear()
            due, self._due = list(self._due & self._leases.keys()), set()
            with suppress(LogDown):  # at the next renewal then
                for begin in range(0, len(due), CHECKED_AT_ONCE):
                    some = due[begin : begin + CHECKED_AT_ONCE]
                    await self._check([lease for id in some if (lease := self._leases.get(id))])

    async def _check(self, leases: Sequence[RedisLease]) -> None:
        about = [word for lease in leases for word in (lease.id, lease.tenure, lease.stored)]
        verdicts = await self._store.run("check", self._membership.owner, self._grace_ms, *about)
        for lease, verdict in zip(leases, verdicts, strict=True):
            if self._leases.get(lease.id) is not lease:
                continue
            if verdict.isdigit():
                lease.look_again(int(verdict) / 1000, self.alert)
            else:
                lease.hear(verdict)

    def fence(self) -> None:
        """A new life: nothing of the old one may be written any more, nor claimed for it."""
        self._untouched.clear()
        for lease in list(self._leases.values()):
            if lease.owner != self._membership.owner:
                lease.hear(b"fenced")

    async def disown(self, owned: Mapping[str, str]) -> None:
        """What the server says is ours, and nobody here knows of: an answer was lost, or a hand-over."""
        with suppress(LogDown):  # at the next renewal then
            for id in owned.keys() - self._leases.keys() - self._asked_for:
                why = "unused" if id in self._untouched else ""
                await self._store.run("hand_over", self._membership.owner, id, owned[id], why)
                self._untouched.discard(id)

    # Taking over.

    def orphaned(self) -> None:
        """There may be something to take over."""
        self._orphaned.set()

    async def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        """See `EventLog.orphans`."""
        while True:
            self._orphaned.clear()
            some = False
            for former, id in await self._find():
                if orphan := await self._claim_or_give_back(former, id, has_room=has_room()):
                    some = True
                    self._untouched.discard(id)
                    yield orphan
            if some:  # a process that died may have left more than one look finds
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.look_s):
                    await self._orphaned.wait()

    async def _find(self) -> Iterable[tuple[str, str]]:
        with suppress(LogDown):
            found = [each.decode() for each in await self._store.run("orphans", FOUND_AT_ONCE)]
            return list(zip(found[::2], found[1::2], strict=True))
        return []

    async def _claim_or_give_back(self, former: str, id: str, *, has_room: bool) -> Orphan | None:
        """Who is cancelled meanwhile has perhaps taken it over, for its one time: then it gives that back."""
        claiming = asyncio.create_task(self._claim(former, id, has_room=has_room))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            _ = self._givings_back.send(self._give_back(claiming))
            raise

    async def _give_back(self, claiming: "asyncio.Task[Orphan | None]") -> None:
        if (orphan := await claiming) and (lease := self._leases.get(orphan.id)):
            await lease.hand_over(unused=True)
            self._untouched.discard(orphan.id)

    async def _claim(self, former: str, id: str, *, has_room: bool) -> Orphan | None:
        self._asked_for.add(id)
        self._untouched.add(id)
        try:
            owner = self._membership.owner
            answer = await self._store.run("claim", owner, former, id, int(has_room))
        except LogDown:  # it may be ours all the same: then `disown` gives it back
            return None
        finally:
            self._asked_for.discard(id)
        if answer[0] != b"claimed":
            self._untouched.discard(id)
            return None
        return self._orphan(id, owner, *answer[1:])

    def _orphan(
        self,
        id: str,
        owner: str,
        tenure: int,
        key: bytes,
        policy: bytes,
        cancel: int,
        claims: int,
        missed: int,
        *more: Any,
    ) -> Orphan:
        age_ms, left_ms, sealed, items = more
        entries = wire.stored(items)
        # Taken over once: a source that kills its process must not kill the next one too.
        lease = self._lease(id, owner, tenure, can_hand_over=False, stored=entries)
        self.alert(id)
        return Orphan(
            id=id,
            key=key.decode(),
            on_disconnect=cast("OnDisconnect", policy.decode()),
            lease=lease,
            entries=entries,
            sealed=sealed or None,
            taken_before=claims > 1,
            cancelled=bool(cancel),
            nobody_listens=bool(missed),
            age_s=age_ms / 1000,
            left_s=left_ms / 1000,
            tenure=tenure,
        )


def _digest(key: str, idempotency: Idempotency) -> str:
    """An API key's name may hold anything but NUL, and is nobody else's."""
    return hashlib.sha256(f"{key}\0{idempotency.name}".encode()).hexdigest()
