"""All running summaries of one process: who is let in, and how the last one goes out."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel

from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause
from streamsum.errors import LogDown, RequestRefused
from streamsum.runs.admission import Admission
from streamsum.runs.health import Health
from streamsum.runs.log import EventLog, Idempotency, Joined, Lease, NewSummary
from streamsum.runs.relay import Relay
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from streamsum.telemetry import whereabouts
from streamsum.upstream.base import Upstream

logger = logging.getLogger("streamsum")

# Seconds after which it is worth trying again: a summary takes some, and another replica may answer at once.
RETRY_OVERLOADED_S = 5
RETRY_ELSEWHERE_S = 1


class Runs:
    """Owned by the app. Holds the running tasks, and counts their sources in UTF-8 bytes."""

    def __init__(
        self,
        *,
        upstreams: Sequence[Upstream],
        log: EventLog,
        settings: Settings,
        item_model: type[BaseModel] = Item,
        sealer: Sealer | None = None,
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
        self._health = Health(lambda: asyncio.get_running_loop().time())
        self._sealer = sealer
        self._by_id: dict[str, Run] = {}
        self._tasks: dict[asyncio.Task[None], Run] = {}  # a loop holds its tasks only weakly
        self._places = 0  # taken: running, or about to
        self._source_bytes = 0
        self._stopping: Cause | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._tasks)

    async def start(self, request: SummaryRequest, *, key: str = "") -> Run:
        """A new summary, running; see `start_or_join`."""
        begun = await self.start_or_join(request, key=key, idempotency=None)
        if isinstance(begun, Joined):
            raise RuntimeError("a request without a name cannot join another")
        return begun

    async def start_or_join(
        self, request: SummaryRequest, *, key: str = "", idempotency: Idempotency | None
    ) -> Run | Joined:
        """A new summary, running; or the one that the same request has begun, which may be another process's.

        `request.model` is one of the upstreams', or None.
        Raises RequestRefused: context_too_long, draining, overloaded, log_unavailable; IdempotencyConflict.
        """
        upstreams = self.admission.choose(request)
        size = len(request.text.encode())
        self._take_place(size)
        try:
            new = self._new(request, key, idempotency)
            admitted = asyncio.get_running_loop().time()
            lease = await self._create(new)
        except BaseException:
            self._give_place_back(size)
            raise
        if isinstance(lease, Joined):
            self._give_place_back(size)
            return self._by_id.get(lease.id, lease)
        run = self._run(new.id, request, lease, upstreams, admitted=admitted)
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
        self, id: str, request: SummaryRequest, lease: Lease, upstreams: Sequence[Upstream], *, admitted: float
    ) -> Run:
        settings = self._settings
        return Run(
            request,
            id=id,
            relay=Relay(
                upstreams,
                health=self._health,
                admitted=admitted,
                first_byte_s=settings.first_byte_s,
                stall_s=settings.stall_s,
            ),
            lease=lease,
            admitted=admitted,
            total_s=settings.total_s,
            item_model=self._item_model,
            reask=settings.reask,
        )

    def _launch(self, run: Run, size: int) -> None:
        if self._stopping is not None:
            run.stop(self._stopping)
        if self.draining:
            run.wind_up()
        task = asyncio.create_task(run.run(), name=f"summary {run.id}")
        self._tasks[task] = run
        self._by_id[run.id] = run
        task.add_done_callback(partial(self._over, size))

    async def drain(self, within: float) -> None:
        """Admit no more; wait up to `within` seconds; stop the rest. Returns when all tasks are over."""
        self.draining = True
        for run in self._tasks.values():
            run.wind_up()
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            self._stopping = Cause.DRAINING
            for run in self._tasks.values():
                run.stop(Cause.DRAINING)
        await self._idle.wait()

    async def aclose(self) -> None:
        """Stop everything now."""
        await self.drain(0)

    def _take_place(self, size: int) -> None:
        if self.draining:
            raise RequestRefused("draining", retry_after=RETRY_ELSEWHERE_S)
        settings = self._settings
        if self._places >= settings.max_streams or self._source_bytes + size > settings.source_bytes:
            raise RequestRefused("overloaded", retry_after=RETRY_OVERLOADED_S)
        self._places += 1
        self._source_bytes += size
        self._idle.clear()

    def _give_place_back(self, size: int) -> None:
        self._places -= 1
        self._source_bytes -= size
        if self._places == 0:
            self._idle.set()

    def _over(self, size: int, task: asyncio.Task[None]) -> None:
        run = self._tasks.pop(task)
        del self._by_id[run.id]
        self._give_place_back(size)
        # Looked at, or asyncio would print its traceback, and with it perhaps some of the source.
        if not task.cancelled() and (error := task.exception()):
            logger.error("summary %s: a bug: %s", run.id, whereabouts(error))
