"""All running summaries of one process: who is let in, and how the last one goes out."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from pydantic import BaseModel

from streamsum.core.models import Item, SummaryRequest
from streamsum.core.sse import encode
from streamsum.errors import LogDown, LogError, RequestRefused
from streamsum.runs.admission import Admission
from streamsum.runs.health import Health
from streamsum.runs.heirs import fate, obituary, stand_in, unsealed
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
        telemetry: Telemetry | None = None,
    ) -> None:
        """`item_model`: what elements must be. `upstreams`: one or more, in order of preference.

        `sealer`: for others to go on with what this process leaves; without, nobody can.

        They and `log` stay the caller's to close, after `aclose()`.
        """
        self._item_model = item_model
        self.log = log
        self.draining = False
        self.admission = Admission(upstreams=upstreams, max_tokens=settings.max_tokens, item_model=item_model)
        self._settings = settings
        self._telemetry = telemetry or Telemetry()
        self._sealer = sealer
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

    async def start(self, request: SummaryRequest, *, key: str = "", origin: Origin | None = None) -> Run:
        """A new summary, running; see `start_or_join`."""
        begun = await self.start_or_join(request, key=key, idempotency=None, origin=origin)
        if isinstance(begun, Joined):
            raise RuntimeError("a request without a name cannot join another")
        return begun

    async def start_or_join(
        self,
        request: SummaryRequest,
        *,
        key: str = "",
        idempotency: Idempotency | None,
        held_s: float = 0.0,
        origin: Origin | None = None,
    ) -> Run | Joined:
        """A new summary, running; or the one that the same request has begun, which may be another process's.

        `request.model` is one of the upstreams', or None. `held_s`: how long its caller may wait for a status, and
        knows nothing of the summary. `origin`: the caller's request, for the record.
        Raises RequestRefused: context_too_long, draining, overloaded, log_unavailable; IdempotencyConflict.
        """
        upstreams = self.admission.choose(request)
        if self.draining:
            raise RequestRefused("draining", retry_after=RETRY_ELSEWHERE_S)
        size = len(request.text.encode())
        self._places.take(size)
        try:
            new = self._new(request, key, idempotency)
            admitted = asyncio.get_running_loop().time()
            lease = await self._create(new)
        except BaseException:
            self._places.give_back(size)
            raise
        if isinstance(lease, Joined):
            self._places.give_back(size)
            return self._by_id.get(lease.id, lease)
        observer = self._telemetry.observe(new.id, key=key, admitted=admitted, origin=origin)
        run = self._run(new.id, request, lease, upstreams, admitted=admitted, observer=observer, held_s=held_s)
        self._launch(run, size)
        return run

    def _new(self, request: SummaryRequest, key: str, idempotency: Idempotency | None) -> NewSummary:
        # 128 random bits: without keys the id is all that it takes to read the summary.
        id = secrets.token_urlsafe(16)
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
        request: SummaryRequest,
        lease: Lease,
        upstreams: Sequence[Upstream],
        *,
        admitted: float,
        observer: Observer,
        held_s: float = 0.0,
        stored: Sequence[Entry] = (),
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
            relay=relay,
            lease=lease,
            admitted=admitted,
            total_s=settings.total_s,
            item_model=self._item_model,
            reask=settings.reask,
            observer=observer,
            held_s=held_s,
            stored=stored,
        )

    def _launch(self, run: Run, size: int) -> None:
        if self._leaving:
            run.leave()
        if self.draining:
            run.wind_up()
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
        upstreams = self._able(request)
        end = fate(orphan, request if upstreams else None)
        request = request or stand_in(orphan.entries)
        admitted = asyncio.get_running_loop().time() - orphan.age_s
        observer = self._telemetry.observe(orphan.id, key=orphan.key, admitted=admitted, taken_over=True)
        try:
            run = self._run(
                orphan.id,
                request,
                orphan.lease,
                upstreams or self.admission.upstreams,
                admitted=admitted,
                observer=observer,
                stored=orphan.entries,
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
        try:
            await orphan.lease.append([last], final=True)
        except LogError:
            with suppress(LogError):
                await orphan.lease.hand_over()

    def _able(self, request: SummaryRequest | None) -> Sequence[Upstream]:
        """Who can go on with it; replicas may be set up differently."""
        if request is None or not candidates(self.admission.upstreams, request.model):
            return ()
        try:
            return self.admission.choose(request)
        except RequestRefused:
            return ()

    async def drain(self, within: float) -> None:
        """Admit no more; wait up to `within` seconds; then end the rest, or hand it over. Returns when all are over."""
        self.draining = True
        await self._adopt_no_more()
        for run in self._tasks.values():
            run.wind_up()
        try:
            async with asyncio.timeout(within):
                await self._places.until_idle()
        except TimeoutError:
            self._leaving = True
            for run in self._tasks.values():
                run.leave()
        await self._places.until_idle()

    async def _adopt_no_more(self) -> None:
        if self._adopting is not None:
            self._adopting.cancel()
            await asyncio.wait([self._adopting])

    async def aclose(self) -> None:
        """Stop everything now."""
        await self.drain(0)

    def _over(self, size: int, task: asyncio.Task[None]) -> None:
        self._places.give_back(size)
        run = self._tasks.pop(task)
        if self._by_id.get(run.id) is run:  # we may have taken it over from ourselves
            del self._by_id[run.id]
        # Looked at, or asyncio would print its traceback, and with it perhaps some of the source.
        if not task.cancelled() and (error := task.exception()):
            logger.error("a bug", summary=run.id, error=whereabouts(error))
