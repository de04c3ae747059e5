"""All running summaries of one process: who is let in, and how the last one goes out."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial

from pydantic import BaseModel

from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause
from streamsum.core.sse import encode
from streamsum.errors import LogDown, LogError, RequestRefused
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.admission import Admission
from streamsum.runs.health import Health
from streamsum.runs.heirs import fate, obituary, stand_in, unsealed
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.tab import Tab
from streamsum.runs.log import Entry, EventLog, Idempotency, Joined, Lease, NewSummary, Orphan
from streamsum.runs.places import Places
from streamsum.runs.relay import Relay
from streamsum.runs.routing import candidates
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger
from streamsum.telemetry.observing import Observer
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.telemetry import Telemetry
from streamsum.upstream.base import Upstream

# Seconds after which it is worth trying again: another replica may answer at once.
RETRY_ELSEWHERE_S = 1


class Runs:
    """Owned by the app. Holds the running tasks."""

    def __init__(
        self,
        *,
        upstreams: Sequence[Upstream],
        log: EventLog,
        settings: Settings,
        item_model: type[BaseModel] = Item,
        sealer: Sealer | None = None,
        key_named: Callable[[str], Key | None] = lambda name: Key(name=name),
        allowance: Allowance | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        """`item_model`: what elements must be. `upstreams`: one or more, in order of preference.

        `sealer`: for others to go on with what this process leaves; without, nobody can. `key_named`: who has this
        name; None: nobody any more. `allowance`: what keys may have running, and spend.

        They and `log` stay the caller's to close, after `aclose()`; the allowance is closed with it.
        """
        self._item_model = item_model
        self.log = log
        self.draining = False
        self.admission = Admission(upstreams=upstreams, max_tokens=settings.max_tokens, item_model=item_model)
        self._settings = settings
        self._telemetry = telemetry or Telemetry()
        self._sealer = sealer
        self._key_named = key_named
        self._allowance = allowance
        self._by_id: dict[str, Run] = {}
        self._health = Health(lambda: asyncio.get_running_loop().time(), on_rest=self._telemetry.note_rest)
        self._tasks: dict[asyncio.Task[None], Run] = {}  # a loop holds its tasks only weakly
        self._places = Places(most=settings.max_streams, source_bytes=settings.source_bytes)
        self._leaving = False
        self._adopting: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def resting(self) -> set[str]:
        """The upstreams, by name, that are not asked now."""
        return self._health.resting()

    async def start(self, request: SummaryRequest, *, key: Key = NO_KEY, origin: Origin | None = None) -> Run:
        """A new summary, running; see `start_or_join`."""
        begun = await self.start_or_join(request, key=key, idempotency=None, origin=origin)
        if isinstance(begun, Joined):
            raise RuntimeError("a request without a name cannot join another")
        return begun

    async def start_or_join(
        self,
        request: SummaryRequest,
        *,
        key: Key = NO_KEY,
        idempotency: Idempotency | None,
        held_s: float = 0.0,
        origin: Origin | None = None,
    ) -> Run | Joined:
        """A new summary, running; or the one that the same request has begun, which may be another process's.

        `request.model` is one of the upstreams', or None. `held_s`: how long its caller may wait for a status, and
        knows nothing of the summary. `origin`: the caller's request, for the record.
        Raises RequestRefused: context_too_long, draining, forbidden, overloaded, log_unavailable,
        limiter_unavailable; OverLimit; IdempotencyConflict.
        """
        upstreams = self.admission.choose(request, key=key)
        self._refuse_if_draining()
        if key.reserves and idempotency and (joined := await self._found(key, idempotency)):
            return self._by_id.get(joined.id, joined)
        # 128 random bits: without keys the id is all that it takes to read the summary.
        id = secrets.token_urlsafe(16)
        size = len(request.text.encode())
        async with self._let_in(key, id, request, upstreams[0], size) as entry:
            admitted = asyncio.get_running_loop().time()
            lease = await self._create(self._new(id, request, key.name, idempotency))
            if isinstance(lease, Joined):
                return self._by_id.get(lease.id, lease)
            entry.pop_all()
        observer = self._telemetry.observe(id, key=key.name, admitted=admitted, origin=origin)
        run = self._run(
            *(id, key.name, request, lease, upstreams),
            admitted=admitted,
            observer=observer,
            held_s=held_s,
            tab=self._tab(key, id),
        )
        self._launch(run, size)
        return run

    @asynccontextmanager
    async def _let_in(
        self, key: Key, id: str, request: SummaryRequest, upstream: Upstream, size: int
    ) -> AsyncIterator[ExitStack]:
        """What its key may have, then what this process has: so a key over its limits keeps nobody out.

        At the end of the block all is given back that was not taken out of the stack. Raises RequestRefused, OverLimit.
        """
        with ExitStack() as entry:
            if self._allowance is not None and key.reserves:
                await self._allowance.reserve(key, id, self.admission.tokens(request, upstream))
                entry.callback(self._allowance.release, key.name, id)
                self._refuse_if_draining()  # it may have begun since, and waits only for whoever has a place
            self._places.take(size)
            entry.callback(self._places.give_back, size)
            yield entry

    def _refuse_if_draining(self) -> None:
        if self.draining:
            raise RequestRefused("draining", retry_after=RETRY_ELSEWHERE_S)

    async def _found(self, key: Key, idempotency: Idempotency) -> Joined | None:
        """What would be joined: to join costs nothing, so it is not held against a limit."""
        try:
            return await self.log.find(key.name, idempotency)
        except LogDown:
            raise RequestRefused("log_unavailable", retry_after=RETRY_ELSEWHERE_S) from None

    def _tab(self, key: Key, id: str, *, tokens: int = 0, turn: int = 0) -> Tab | None:
        """Of a summary that this key was let in with, or which is taken over (`turn`); None: nothing is reserved."""
        if self._allowance is None or not key.reserves:
            return None
        return Tab(self._allowance, self._allowance.reservation(key, id, tokens, turn=turn))

    def _inherited(self, orphan: Orphan, tokens: int) -> Tab | None:
        """`tokens`: what it may cost here. A key that is gone from the file may have had limits."""
        key = self._key_named(orphan.key) or Key(name=orphan.key, streams=1)
        return self._tab(key, orphan.id, tokens=tokens, turn=orphan.tenure)

    def _new(self, id: str, request: SummaryRequest, key: str, idempotency: Idempotency | None) -> NewSummary:
        return NewSummary(
            id,
            key,
            request.on_disconnect,
            total_s=self._settings.total_s,
            idempotency=idempotency,
            sealed=None if self._sealer is None else self._sealer.seal(request, id=id, key=key),
        )

    async def _create(self, new: NewSummary) -> Lease | Joined:
        try:
            return await self.log.create(new)
        except LogDown:
            raise RequestRefused("log_unavailable", retry_after=RETRY_ELSEWHERE_S) from None

    def _run(
        self,
        id: str,
        key: str,
        request: SummaryRequest,
        lease: Lease,
        upstreams: Sequence[Upstream],
        *,
        admitted: float,
        observer: Observer,
        held_s: float = 0.0,
        stored: Sequence[Entry] = (),
        tab: Tab | None = None,
    ) -> Run:
        settings = self._settings
        relay = Relay(
            upstreams,
            health=self._health,
            admitted=admitted,
            first_byte_s=settings.first_byte_s,
            stall_s=settings.stall_s,
        )
        return Run(
            request,
            id=id,
            key=key,
            relay=relay,
            lease=lease,
            admitted=admitted,
            total_s=settings.total_s,
            item_model=self._item_model,
            reask=settings.reask,
            observer=observer,
            held_s=held_s,
            stored=stored,
            tab=tab,
        )

    def _launch(self, run: Run, size: int) -> None:
        if self._leaving:
            run.leave()
        if self.draining:
            run.wind_up()
        if self._key_named(run.key) is None:  # revoked since it was let in
            run.stop(Cause.CANCELLED)
        task = asyncio.create_task(run.run(), name=f"summary {run.id}")
        self._tasks[task] = run
        self._by_id[run.id] = run
        task.add_done_callback(partial(self._over, size))

    # What other processes leave behind.

    def adopt(self) -> None:
        """From now on, take over summaries whose process is gone: where there is room, or an end is all they need."""
        self._adopting = asyncio.create_task(self._adopt(), name="adopt")

    def _has_room(self) -> bool:
        """Without a secret nothing is gone on with here: to end it takes a moment."""
        return self._sealer is None or self._places.has_room

    async def _adopt(self) -> None:
        orphans = self.log.orphans(has_room=self._has_room)
        while True:
            orphan = await anext(orphans)
            try:
                self._inherit(orphan)
            except Exception as error:  # noqa: BLE001 - the next one may be sound
                logger.error("summary cannot be gone on with", summary=orphan.id, error=whereabouts(error))
                await self._bury(orphan)

    def _inherit(self, orphan: Orphan) -> None:
        request = unsealed(orphan, self._sealer)
        upstreams = self._able(request, self._key_named(orphan.key) or NO_KEY)
        end = fate(orphan, request if upstreams else None)
        request = request or stand_in(orphan.entries)
        admitted = asyncio.get_running_loop().time() - orphan.age_s
        observer = self._telemetry.observe(orphan.id, key=orphan.key, admitted=admitted, taken_over=True)
        try:
            run = self._run(
                orphan.id,
                orphan.key,
                request,
                orphan.lease,
                upstreams or self.admission.upstreams,
                admitted=admitted,
                observer=observer,
                stored=orphan.entries,
                tab=self._inherited(orphan, 0 if end else self.admission.tokens(request, upstreams[0])),
            )
        except BaseException:
            observer.close()
            raise
        if end is not None:
            run.stop(end)
        logger.info("summary taken over", summary=orphan.id, goes_on=end is None)
        size = len(request.text.encode())
        self._places.take_beyond(size)
        self._launch(run, size)

    async def _bury(self, orphan: Orphan) -> None:
        """End what cannot be read here: a newer version may have written it. Handed back, it would be claimed again."""
        event = obituary(orphan)
        last = Entry(len(orphan.entries) + 1, event.type, encode(event), final=True)
        if tab := self._inherited(orphan, 0):
            await tab.open()
            await tab.settle(0)
        try:
            await orphan.lease.append([last], final=True)
        except LogError:
            with suppress(LogError):
                await orphan.lease.hand_over()

    def _able(self, request: SummaryRequest | None, key: Key) -> Sequence[Upstream]:
        """Who can go on with it; replicas may be set up differently."""
        if request is None or not candidates(self.admission.upstreams, request.model):
            return ()
        try:
            return self.admission.choose(request, key=key)
        except RequestRefused:
            return ()

    def end_revoked(self) -> None:
        """Whose key is gone: their summaries end, as by DELETE. Whoever revokes a key wants its spending to stop."""
        for run in self._tasks.values():
            if self._key_named(run.key) is None:
                run.stop(Cause.CANCELLED)

    async def drain(self, within: float) -> None:
        """Admit no more; wait up to `within` seconds; then end the rest, or hand it over. Returns when all are over."""
        self.draining = True
        await self._adopt_no_more()
        for run in self._tasks.values():
            run.wind_up()
        # Not `asyncio.timeout`: before Python 3.11.3 one that runs out says "cancelled" if its task is being cancelled.
        idle = asyncio.ensure_future(self._places.until_idle())
        try:
            await asyncio.wait([idle], timeout=within)
            if not idle.done():
                self._leaving = True
                for run in self._tasks.values():
                    run.leave()
            await idle
        finally:
            idle.cancel()

    async def _adopt_no_more(self) -> None:
        if self._adopting is not None:
            self._adopting.cancel()
            await asyncio.wait([self._adopting])

    async def aclose(self) -> None:
        """Stop everything now."""
        await self.drain(0)
        if self._allowance is not None:
            await self._allowance.aclose()

    def _over(self, size: int, task: asyncio.Task[None]) -> None:
        self._places.give_back(size)
        run = self._tasks.pop(task)
        if self._by_id.get(run.id) is run:  # we may have taken it over from ourselves
            del self._by_id[run.id]
        # Looked at, or asyncio would print its traceback, and with it perhaps some of the source.
        if not task.cancelled() and (error := task.exception()):
            logger.error("a bug", summary=run.id, error=whereabouts(error))
