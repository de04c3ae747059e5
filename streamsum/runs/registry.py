"""All running summaries of one process, and how the last one goes out."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from pydantic import BaseModel

from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.admission import Admission
from streamsum.runs.adoption import Adoption
from streamsum.runs.entrance import Entrance
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.log import EventLog, Idempotency, Joined
from streamsum.runs.maker import Maker
from streamsum.runs.places import Places
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.telemetry import Telemetry
from streamsum.upstream.base import Upstream


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
        self.log = log
        self.admission = Admission(upstreams=upstreams, max_tokens=settings.max_tokens, item_model=item_model)
        self._key_named = key_named
        self._allowance = allowance
        self._by_id: dict[str, Run] = {}
        self._tasks: dict[asyncio.Task[None], Run] = {}  # a loop holds its tasks only weakly
        self._places = Places(most=settings.max_streams, source_bytes=settings.source_bytes)
        self._leaving = False
        self._maker = Maker(
            settings=settings,
            item_model=item_model,
            allowance=allowance,
            key_named=key_named,
            telemetry=telemetry or Telemetry(),
        )
        self._entrance = Entrance(
            admission=self.admission,
            log=log,
            maker=self._maker,
            places=self._places,
            allowance=allowance,
            sealer=sealer,
            total_s=settings.total_s,
            launch=self._launch,
        )
        self._adoption = Adoption(
            admission=self.admission,
            log=log,
            maker=self._maker,
            places=self._places,
            sealer=sealer,
            key_named=key_named,
            launch=self._launch,
        )

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def draining(self) -> bool:
        """Nothing new is begun; True for ever."""
        return self._entrance.closed

    def resting(self) -> set[str]:
        """The upstreams, by name, that are not asked now."""
        return self._maker.health.resting()

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
        begun = await self._entrance.start_or_join(
            request, key=key, idempotency=idempotency, held_s=held_s, origin=origin
        )
        return self._by_id.get(begun.id, begun) if isinstance(begun, Joined) else begun

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

    def adopt(self) -> None:
        """From now on, take over summaries whose process is gone: where there is room, or an end is all they need."""
        self._adoption.begin()

    def stop(self, id: str) -> None:
        """End it, as by DELETE, if it runs here."""
        if run := self._by_id.get(id):
            run.stop(Cause.CANCELLED)

    def end_revoked(self) -> None:
        """Whose key is gone: their summaries end, as by DELETE. Whoever revokes a key wants its spending to stop."""
        for run in self._tasks.values():
            if self._key_named(run.key) is None:
                run.stop(Cause.CANCELLED)

    async def drain(self, within: float) -> None:
        """Admit no more; wait up to `within` seconds; then end the rest, or hand it over. Returns when all are over."""
        self._entrance.closed = True
        await self._adoption.stop()
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
