"""The calls of one summary: pass after pass, the model's text goes into the core and its events into the journal.

The upstream is opened and closed here, in one frame, so that every way out hangs up: an end, a limit, a clock, a stop,
a bug.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from streamsum.core.passes import Cause, End, Pass
from streamsum.core.summary import Summary
from streamsum.errors import LogError, Problem
from streamsum.runs.account import Account
from streamsum.runs.interruption import Interruption
from streamsum.runs.journal import Journal
from streamsum.runs.meter import Meter
from streamsum.runs.previews import Previews
from streamsum.runs.relay import Relay
from streamsum.runs.tail import Tail
from streamsum.telemetry.observing import Observer
from streamsum.upstream.base import Reply, Upstream, UpstreamError, pour

# With less time left than this, asking again is likely to end in nothing.
REASK_LEAST_S = 10.0


class Calls:
    """Made one after the other, until the summary wants no more, or none may be begun."""

    def __init__(
        self,
        summary: Summary,
        *,
        relay: Relay,
        journal: Journal,
        previews: Previews | None,
        interruption: Interruption,
        account: Account,
        observer: Observer,
        meter: Meter,
        deadline: float,
        started: asyncio.Future[Problem | None],
    ) -> None:
        """`deadline` is in `loop.time()` seconds; `started` is told when the first content comes.

        Nothing here leads back to the `Run`, or each would stay in memory until garbage is collected.
        """
        self._summary = summary
        self._relay = relay
        self._journal = journal
        self._previews = previews
        self._interruption = interruption
        self._account = account
        self._observer = observer
        self._meter = meter
        self._deadline = deadline
        self._started = started
        self._winding_up = False
        self._pauses = False  # between two calls
        self._began = False  # has there been a call?

    def wind_up(self) -> None:
        """What runs goes on, but nothing more is begun."""
        self._winding_up = True
        if self._pauses:
            self._interruption.ring()

    async def make(self, *, prepares: bool) -> None:
        """All of them; `prepares`: index the source on a thread, while the first model reads it. Raises LogError."""
        end: End | None = None
        async with self._preparing(prepares) as prepared:
            while (next_pass := self._summary.next_pass(end)) and self._may_begin(next_pass):
                chosen = self._relay.next(next_pass.kind)
                if chosen is None or not await self._pause(chosen.pause_s):
                    break
                end = await self._make_one(next_pass, chosen.upstream, prepared)
                await self._journal.write()  # what was judged in the very moment in which a clock or a stop came

    def _may_begin(self, next_pass: Pass) -> bool:
        if self._interruption.has_come or (self._winding_up and self._began):
            return False
        self._began = True
        return self._left_s > (REASK_LEAST_S if next_pass.kind == "reask" else 0)

    @property
    def _left_s(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _preparing(self, prepares: bool) -> AsyncIterator[asyncio.Future[None] | None]:
        if not prepares:
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
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, self._left_s)) as scope:
                with self._interruption.rings(scope):
                    self._pauses = True
                    try:
                        await asyncio.get_running_loop().create_future()
                    finally:
                        self._pauses = False
        return not self._interruption.has_come and not self._winding_up and self._left_s > 0

    async def _make_one(self, next_pass: Pass, upstream: Upstream, prepared: asyncio.Future[None] | None) -> End:
        reported = End(Cause.ERROR)  # nothing is known of it, should the call raise
        self._summary.begin(next_pass, quotes=upstream.can.quotes)
        self._relay.note_call(upstream)
        self._observer.note_call(next_pass.kind, upstream=upstream.name, model=upstream.model)
        try:
            reported = await self._call(next_pass, upstream, prepared)
        except (LogError, asyncio.CancelledError):  # we hung up: that says nothing of it
            reported = End(Cause.DRAINING)
            self._observer.note_call_end(reported, health=Cause.CANCELLED)
            raise
        finally:
            self._meter.end(reported)
            self._account.note_pass(next_pass, reported, model=upstream.model)
        health = self._health(reported)
        self._relay.note_end(upstream, reported, begun=self._summary.begun, health=health)
        self._observer.note_call_end(reported, health=health)
        return reported

    def _health(self, end: End) -> Cause:
        """What an end says of its upstream: nothing, if it was ours; and all is well once the document has closed."""
        if self._interruption.has_come or (end.cause is Cause.TIMEOUT and self._left_s <= 0):
            return Cause.CANCELLED
        return end.cause if self._summary.wants == "more" else Cause.STOP

    async def _call(self, next_pass: Pass, upstream: Upstream, prepared: asyncio.Future[None] | None) -> End:
        """One pass, from the call to the closed socket."""
        reply: Reply | None = None
        scope = asyncio.timeout_at(self._deadline)
        try:
            async with scope:
                with self._interruption.rings(scope):
                    prompt = next_pass.prompt(quotes=upstream.can.quotes)
                    self._meter.begin(prompt)
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
        return self._end(reply, cut=scope.expired())

    async def _pump(self, reply: Reply, tail: Tail) -> None:
        """The way of the data. `take` is called in the frame that read; this task wakes up to wait for a log."""
        summary, meter, journal = self._summary, self._meter, self._journal
        begun, reads_on = False, True

        def take(text: str) -> bool:
            nonlocal begun, reads_on
            meter.received_chars += len(text)
            if text and not begun:
                begun = True
                self._note_content()
            is_written = True
            if events := summary.receive_deltas(text):
                journal.note(events)  # here: this task may be interrupted before it wakes up
                is_written = journal.write_now()
            if is_written and self._previews:
                self._previews.look()
            reads_on = not self._interruption.has_come and tail.reads_on(summary.wants, text)
            return reads_on and is_written

        try:
            while reads_on and await pour(reply, take):
                await journal.write()
                if self._previews:
                    self._previews.look()
        finally:
            journal.tell()  # a call's bullets come before its end, for who keeps count

    def _note_content(self) -> None:
        self._observer.note_content(first=self._account.note_content())
        if not self._started.done():
            self._started.set_result(None)

    def _end(self, reply: Reply | None, *, cut: bool) -> End:
        """How a pass ended: as the upstream says, unless it was cut while there was more to say."""
        end = End(Cause.TIMEOUT) if reply is None else reply.end()
        if self._interruption.stopped is not None:
            return replace(end, cause=self._interruption.stopped)
        if self._interruption.lost is not None:
            return replace(end, cause=Cause.DRAINING)  # we leave: that says nothing of it
        if self._summary.wants == "nothing":
            # We hung up there: what else came in that read would not have been seen in smaller ones.
            return End(Cause.CLOSED_BY_US, thought_chars=end.thought_chars)
        if cut and self._summary.wants == "more":
            return replace(end, cause=Cause.TIMEOUT)
        return end
