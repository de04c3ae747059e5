"""The calls of a summary, as who counts and traces them hears of them: each has a beginning, and one end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from streamsum.core.events import ANY_EVENT, Event, SummaryCompleted
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, PassKind, Prompt
from streamsum.errors import LogDown
from streamsum.runs.log import Entry, Happening
from streamsum.runs.run import Run
from streamsum.telemetry.observing import Observer
from streamsum.upstream.base import Take
from tests.jumping_clock import in_jumping_time, now
from tests.scripted import HANG, ScriptedReply, ScriptedUpstream, Step
from tests.test_run import DOCUMENT, HEAD, REST, relay_of

REQUEST = SummaryRequest(text="Nothing much happened.")


class Heard(Observer):
    """What was said, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    @override
    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        self.said.append(("call", kind))

    @override
    def note_content(self, *, first: bool) -> None:
        self.said.append(("content", first))

    @override
    def note_call_end(self, end: End, *, health: Cause) -> None:
        self.said.append(("end", end.cause, health))

    @override
    def note_handed_over(self) -> None:
        self.said.append(("handed over",))


class Lease:
    """Takes `room` events, and then its log is away; it can be handed over."""

    can_hand_over = True

    def __init__(self, *, room: int = 100) -> None:
        self._room = room
        self.entries: list[Entry] = []
        self.bullets = asyncio.Event()

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """It is as far away as Redis."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        self._room -= len(entries)
        if self._room < 0:
            raise LogDown
        self.entries += entries
        if entries[-1].event == "bullet":
            self.bullets.set()

    def preview(self, data: bytes) -> None:
        """Nobody looks."""

    async def hand_over(self) -> None:
        """To nobody."""

    async def happening(self) -> Happening:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


def run_of(*upstreams: ScriptedUpstream, lease: Lease, observer: Observer) -> Run:
    return Run(
        REQUEST,
        id="the-id",
        relay=relay_of(*upstreams),
        lease=lease,
        admitted=now(),
        total_s=300,
        observer=observer,
    )


@in_jumping_time
async def test_a_call_whose_log_is_lost_has_an_end() -> None:
    """Ours, and no fault of the upstream's."""
    heard = Heard()
    await run_of(ScriptedUpstream(script=[HEAD, REST]), lease=Lease(room=1), observer=heard).run()
    assert heard.said == [("call", "first"), ("content", True), ("end", Cause.DRAINING, Cause.CANCELLED)]


@in_jumping_time
async def test_a_call_that_is_cancelled_with_its_process_has_an_end() -> None:
    """The loop ends, and with it the task."""
    heard, lease = Heard(), Lease()
    task = asyncio.create_task(run_of(ScriptedUpstream(script=[HEAD, HANG]), lease=lease, observer=heard).run())
    await lease.bullets.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.said[-1] == ("end", Cause.DRAINING, Cause.CANCELLED)


@in_jumping_time
async def test_a_summary_that_is_handed_over_says_so() -> None:
    """It is neither at its end nor lost."""
    heard, lease = Heard(), Lease()
    run = run_of(ScriptedUpstream(script=[HEAD, HANG]), lease=lease, observer=heard)
    task = asyncio.create_task(run.run())
    await lease.bullets.wait()
    run.leave()
    await task
    assert heard.said[2:] == [("end", Cause.DRAINING, Cause.CANCELLED), ("handed over",)]


@in_jumping_time
async def test_a_calls_bullets_are_counted_before_its_end() -> None:
    """Though they are counted behind those who listen, and the answer was there before anybody read it."""

    class AtOnce(Lease):
        @override
        def append_now(self, entries: Sequence[Entry]) -> bool:
            self.entries += entries
            return True

    class Counted(Heard):
        @override
        def note_stored(self, events: Sequence[Event]) -> None:
            self.said.append(("stored", *(event.type for event in events)))

    heard = Counted()
    await run_of(ScriptedUpstream(script=[DOCUMENT]), lease=AtOnce(), observer=heard).run()
    told = [said[0] for said in heard.said if said[0] in {"stored", "end"}]
    assert told == ["stored", "stored", "end", "stored"]  # its creation, its bullets, its own end


@in_jumping_time
async def test_each_call_has_a_first_content() -> None:
    """The summary's own comes with the first of them that has any."""
    heard = Heard()
    dying = ScriptedUpstream(script=[HEAD], ended=End(Cause.CUT), name="one")
    await run_of(dying, ScriptedUpstream(script=[DOCUMENT], name="two"), lease=Lease(), observer=heard).run()
    assert [said for said in heard.said if said[0] in {"call", "content"}] == [
        ("call", "first"),
        ("content", True),
        ("call", "continue"),
        ("content", False),
    ]


class Interrupted(ScriptedReply):
    """Hands all of it on, and something else happens before whoever poured wakes up."""

    def __init__(self, script: Sequence[Step], happens: Callable[[], object]) -> None:
        super().__init__(script, End(Cause.STOP))
        self._happens = happens

    async def pour(self, take: Take) -> bool:
        async for text in self:
            take(text)
        self._happens()
        await asyncio.get_running_loop().create_future()
        raise AssertionError


class Interrupting(ScriptedUpstream):
    """Its first bullet is judged when `happens` is called."""

    happens: Callable[[], object]

    @override
    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[ScriptedReply]:
        yield Interrupted([HEAD], self.happens)


def a_bug() -> None:
    raise RuntimeError("ours")


@pytest.mark.parametrize(("how", "finish"), [("stop", "cancelled"), ("bug", "upstream_error"), ("end", "draining")])
@in_jumping_time
async def test_what_was_judged_is_written_whatever_comes_first(how: str, finish: str) -> None:
    """The ledger counts it, so that the log must have it: in order, and one last event after it."""
    upstream, lease = Interrupting(), Lease()
    run = run_of(upstream, lease=lease, observer=Observer())
    task = asyncio.create_task(run.run())
    happenings: dict[str, Callable[[], object]] = {
        "stop": lambda: run.stop(Cause.CANCELLED),
        "bug": a_bug,
        "end": task.cancel,
    }
    upstream.happens = happenings[how]
    await asyncio.wait([task])
    assert task.cancelled() == (how == "end")
    *events, last = [ANY_EVENT.validate_json(entry.data) for entry in lease.entries]
    assert [event.type for event in events] == ["summary.created", "bullet"]
    assert [entry.final for entry in lease.entries] == [False, False, True]
    ledger = last if isinstance(last, SummaryCompleted) else getattr(last, "ledger", None)
    assert ledger is not None
    assert (ledger.finish, ledger.bullets) == (finish, 1)


@in_jumping_time
async def test_what_has_its_last_bullet_is_not_handed_over() -> None:
    """Only its usage is waited for: whoever went on would pay a model to say the same again."""
    lease = Lease()
    run = run_of(ScriptedUpstream(script=[DOCUMENT, HANG]), lease=lease, observer=Observer())
    task = asyncio.create_task(run.run())
    await lease.bullets.wait()
    run.leave()
    await task
    last = ANY_EVENT.validate_json(lease.entries[-1].data)
    assert isinstance(last, SummaryCompleted)
    assert (last.finish, last.bullets) == ("complete", 2)
