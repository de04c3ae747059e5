"""One running summary: pass after pass, the model's text goes into the core and its events into the log.

The upstream is opened and closed here, in one frame, so that every way out hangs up: an end, a limit, a clock, a stop,
a bug. Each way appends exactly one final event, unless the right to write is lost (`LogError`): then none.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import BaseModel

from streamsum.core.events import ANY_EVENT, Bullet, Event, SummaryCreated, SummaryFailed
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause, End, Pass
from streamsum.core.sse import encode
from streamsum.core.summary import Summary
from streamsum.errors import Fenced, HandedOver, LogError, Problem
from streamsum.runs.account import Account
from streamsum.runs.log import Entry, Happening, Lease
from streamsum.runs.meter import Meter
from streamsum.runs.previews import Previews
from streamsum.runs.relay import Relay
from streamsum.runs.tail import Tail
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger
from streamsum.telemetry.observing import Observer
from streamsum.upstream.base import Reply, Upstream, UpstreamError

# With less time left than this, asking again is likely to end in nothing.
REASK_LEAST_S = 10.0
# Larger sources are indexed on a thread: beyond this it would hold everyone else up for more than a few milliseconds.
PREPARE_ASIDE_CHARS = 20_000


class Run:
    """One task a summary, owned by `Runs`, never by a request."""

    def __init__(
        self,
        request: SummaryRequest,
        *,
        id: str,
        key: str = "",
        relay: Relay,
        lease: Lease,
        admitted: float,
        total_s: float,
        item_model: type[BaseModel] = Item,
        reask: int = 1,
        held_s: float = 0.0,
        stored: Sequence[Entry] = (),
        settle: Callable[["Run"], Awaitable[None]] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`key`: the name of whose it is. `admitted` is in `loop.time()` seconds; the whole has `total_s` from then.

        `relay` knows whom to call; `reask`: how many times what was withheld is asked for again. `held_s`: how long
        its caller waits for a status, `math.inf`: for the whole. `stored`: what a process that is gone has written of
        it. `settle` is awaited before the end is said: who then begins the next summary finds this one's place free.
        `observer` is told what happens.
        """
        self.id = id
        self.key = key
        self.meter = Meter()
        self.was_taken_over = bool(stored)
        self._settle = settle
        # The first content (None), or why there is none. Wait for it with `asyncio.wait`: who awaits it directly and
        # is cancelled cancels it for all.
        self.started: asyncio.Future[Problem | None] = asyncio.get_running_loop().create_future()
        self._request = request.without_text()
        events = [ANY_EVENT.validate_json(entry.data) for entry in stored]
        self._summary = Summary.replay(request, events, item_model=item_model, reask=reask)
        self._previews = Previews(self._summary, lease) if request.preview else None
        self._relay = relay
        self._model = relay.first.model
        # Off the loop where it takes long; else when the first element has closed.
        self._prepares = request.evidence != "off" and len(request.text) > PREPARE_ASIDE_CHARS
        self._lease = lease
        self._observer = observer or Observer()
        self._account = Account(admitted=admitted)
        for event in events[:1]:
            self._account.note_lost_pass(getattr(event, "model", self._model))
        self._held_until = admitted + held_s
        self._deadline = admitted + total_s
        self._winding_up = False
        self._pauses = False  # between two calls
        self._stopped: Cause | None = None
        self._lost: LogError | None = None  # why nothing can be written any more
        self._scope: asyncio.Timeout | None = None  # around the pass of now: its clock, and the way to interrupt it
        self._began = False  # has there been a pass?
        self._n = len(stored)  # the last event's number
        self._has_ended = False  # the final event is stored

    def stop(self, cause: Cause) -> None:
        """End the summary within a moment, its upstream hung up; the first cause is the one."""
        if self._stopped is None:
            self._stopped = cause
            self._interrupt()

    def wind_up(self) -> None:
        """The process is going away: what runs goes on, but nothing more is begun."""
        self._winding_up = True
        if self._pauses:
            self._interrupt()

    def leave(self) -> None:
        """The process goes: another goes on, if any can and the caller knows of the summary; else it ends."""
        if self._is_held or not self._lease.can_hand_over:
            self.stop(Cause.DRAINING)
        elif not self._interrupted:
            self._lost = HandedOver()
            self._interrupt()

    @property
    def _is_held(self) -> bool:
        """Does its caller still wait for the status, or for all of it, and know nothing of the summary?"""
        waits_for_status = not self.started.done() and asyncio.get_running_loop().time() < self._held_until
        return waits_for_status or self._held_until == math.inf

    async def run(self) -> None:
        """Live from the first event to the last. Raises its own cancellation, and what kept the last one back."""
        watcher = asyncio.create_task(self._watch(), name=f"watch {self.id}")
        try:
            await self._live()
        except HandedOver:
            self._say_started(None)
            logger.info("summary handed over", summary=self.id)
        except LogError as error:
            self._say_started(None if isinstance(error, Fenced) else Problem.of("log_unavailable"))
            logger.warning("summary has lost its log", summary=self.id, error=type(error).__name__)
        finally:
            self._say_started(Problem.of("internal_error"))  # nobody waits for ever, whatever has happened
            watcher.cancel()
            await asyncio.wait([watcher])
            self._observer.close()
            if not self._has_ended:
                with suppress(LogError):
                    await self._lease.hand_over()

    async def _live(self) -> None:
        try:
            if not self._n:
                await self._write([self._created()])
            await self._call_models()
        except LogError:
            raise
        except asyncio.CancelledError:
            # Only the end of the process, or of its loop, cancels the task itself.
            self.stop(Cause.DRAINING)
            with suppress(LogError):
                await self._close()
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must not keep listeners waiting for ever
            self._stop_for_bug(error)
        await self._close()

    async def _watch(self) -> None:
        """Hear what the log has to say while the run is busy."""
        try:
            if await self._lease.happening() is Happening.FENCED:
                raise Fenced
        except LogError as error:
            self._lost = error
            self._interrupt()
        except Exception as error:  # noqa: BLE001 - a run that is deaf must not go on
            self._stop_for_bug(error)
        else:
            self.stop(Cause.CANCELLED)

    def _stop_for_bug(self, error: Exception) -> None:
        logger.error("a bug", summary=self.id, error=whereabouts(error))
        self.stop(Cause.ERROR)

    def _interrupt(self) -> None:
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    # The passes.

    async def _call_models(self) -> None:
        end: End | None = None
        async with self._preparing() as prepared:
            while (next_pass := self._summary.next_pass(end)) and self._may_begin(next_pass):
                chosen = self._relay.next(next_pass.kind)
                if chosen is None or not await self._pause(chosen.pause_s):
                    break
                end = await self._call_one(next_pass, chosen.upstream, prepared)
        if self._lost is not None:
            raise self._lost

    @property
    def _interrupted(self) -> bool:
        return self._stopped is not None or self._lost is not None

    def _may_begin(self, next_pass: Pass) -> bool:
        if self._interrupted or (self._winding_up and self._began):
            return False
        self._began = True
        return self._left_s > (REASK_LEAST_S if next_pass.kind == "reask" else 0)

    @property
    def _left_s(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _preparing(self) -> AsyncIterator[asyncio.Future[None] | None]:
        """A large source is indexed on a thread, while the model reads it."""
        if not self._prepares:
            yield None
            return
        prepared = asyncio.ensure_future(asyncio.to_thread(self._summary.prepare))
        try:
            yield prepared
        finally:
            await asyncio.wait([prepared])
            # Looked at, or asyncio would print its traceback, and with it perhaps some of the source.
            prepared.exception()

    async def _pause(self, seconds: float) -> bool:
        """Wait, and be woken by what interrupts; True if nothing did."""
        if seconds <= 0:
            return True
        scope = asyncio.timeout(min(seconds, self._left_s))
        with suppress(TimeoutError):
            try:
                async with scope:
                    self._scope, self._pauses = scope, True
                    await asyncio.get_running_loop().create_future()
            finally:
                self._scope, self._pauses = None, False
        return not self._interrupted and not self._winding_up and self._left_s > 0

    async def _call_one(self, next_pass: Pass, upstream: Upstream, prepared: asyncio.Future[None] | None) -> End:
        reported = End(Cause.ERROR)  # nothing is known of it, should the call raise
        self._summary.begin(next_pass, quotes=upstream.can.quotes)
        self._relay.note_call(upstream)
        self._observer.note_call(next_pass.kind, upstream=upstream.name, model=upstream.model)
        try:
            reported = await self._call(next_pass, upstream, prepared)
        finally:
            self.meter.end(reported)
            self._account.note_pass(next_pass, reported, model=upstream.model)
        health = self._health(reported)
        self._relay.note_end(upstream, reported, begun=self._summary.begun, health=health)
        self._observer.note_call_end(reported, health=health)
        return reported

    def _health(self, end: End) -> Cause:
        """What an end says of its upstream: nothing, if it was ours; and all is well once the document has closed."""
        if self._interrupted or (end.cause is Cause.TIMEOUT and self._left_s <= 0):
            return Cause.CANCELLED
        return end.cause if self._summary.wants == "more" else Cause.STOP

    async def _call(self, next_pass: Pass, upstream: Upstream, prepared: asyncio.Future[None] | None) -> End:
        """One pass, from the call to the closed socket."""
        reply: Reply | None = None
        scope = asyncio.timeout_at(self._deadline)
        try:
            async with scope:
                self._scope = scope
                prompt = next_pass.prompt(quotes=upstream.can.quotes)
                self.meter.begin(prompt)
                async with upstream.call(prompt, deadline=self._deadline) as reply:
                    self._relay.note_answer()
                    del prompt  # it has the whole source in it, and the answer may take minutes
                    if prepared is not None:
                        await asyncio.shield(prepared)
                    await self._pump(reply, Tail(scope))
        except UpstreamError as error:
            return error.end
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            self._scope = None
        return self._end(reply, cut=scope.expired())

    async def _pump(self, reply: Reply, tail: Tail) -> None:
        """The way of the data: few frames, as each is resumed at every read."""
        summary, meter = self._summary, self.meter
        async for text in reply:
            meter.received_chars += len(text)
            if text and self._account.first_delta_ms is None:
                self._account.note_delta()
                self._observer.note_content()
                self._say_started(None)
            if events := summary.receive_deltas(text):
                await self._write(events)
            if self._previews:
                self._previews.look()
            if self._interrupted or not tail.reads_on(summary.wants, text):
                break

    def _end(self, reply: Reply | None, *, cut: bool) -> End:
        """How a pass ended: as the upstream says, unless it was cut while there was more to say."""
        end = End(Cause.TIMEOUT) if reply is None else reply.end()
        if self._stopped is not None:
            return replace(end, cause=self._stopped)
        if self._lost is not None:
            return replace(end, cause=Cause.DRAINING)  # we leave: that says nothing of it
        if self._summary.wants == "nothing":
            # We hung up there: what else came in that read would not have been seen in smaller ones.
            return End(Cause.CLOSED_BY_US)
        if cut and self._summary.wants == "more":
            return replace(end, cause=Cause.TIMEOUT)
        return end

    # The events.

    def _created(self) -> SummaryCreated:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return SummaryCreated(
            id=self.id,
            model=self._model,
            max_bullets=self._request.max_bullets,
            created_at=now.replace("+00:00", "Z"),
        )

    async def _write(self, events: Sequence[Event], *, final: bool = False) -> None:
        self._observer.note_events(events, first=self._n + 1)
        entries = [Entry(self._n + i, event.type, encode(event), final) for i, event in enumerate(events, 1)]
        self._n += len(entries)
        await self._lease.append(entries, final=final)
        if self._account.first_bullet_ms is None and any(isinstance(event, Bullet) for event in events):
            self._account.note_bullet()

    async def _close(self) -> None:
        terminal = self._summary.close(self._stopped, self._account.bill())
        if self._settle is not None:
            await self._settle(self)
        await self._write([terminal], final=True)
        self._has_ended = True
        self._say_started(terminal.problem if isinstance(terminal, SummaryFailed) else None)
        self._observer.note_end(terminal)

    def _say_started(self, problem: Problem | None) -> None:
        if not self.started.done():
            self.started.set_result(problem)
