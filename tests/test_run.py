"""One running summary: what it writes, when it hangs up, and how it ends, on every way out."""

import asyncio
import gc
import json
import weakref
from collections.abc import Sequence
from contextlib import suppress

import pytest
from typing_extensions import override

from streamsum.core.events import (
    ANY_EVENT,
    Bullet,
    BulletRejected,
    Event,
    Ledger,
    SummaryCompleted,
    SummaryCreated,
    SummaryFailed,
)
from streamsum.core.models import OnDisconnect, SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.errors import Fenced, LogDown, Problem
from streamsum.keys_file import Key
from streamsum.runs.health import Health
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.limits.tab import Tab
from streamsum.runs.log import Entry, Happening
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.relay import Relay
from streamsum.runs.run import Run
from streamsum.runs.transcript import Reader
from streamsum.upstream.base import UpstreamError
from tests.jumping_clock import in_jumping_time, now, settle, timers
from tests.logs import begin
from tests.scripted import HANG, ScriptedUpstream, Step, refused

CANARY = "xyzzy-canary"
REQUEST = SummaryRequest(text=f"Nothing much happened, said {CANARY}.")
HEAD = '{"bullets": [{"text": "The first."}'
REST = ', {"text": "The second."}]}'
DOCUMENT = HEAD + REST


class Scene:
    """A run on a log of its own, with one listener."""

    def __init__(self, run: Run, log: MemoryLog, upstream: ScriptedUpstream) -> None:
        self.run = run
        self.log = log
        self.upstream = upstream
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.run.run())

    async def until_over(self) -> list[Event]:
        """Run to the end; the events that it left."""
        if self.task is None:
            self.start()
        assert self.task is not None
        async with asyncio.timeout(1000):
            await self.task
        return await self.events()

    async def events(self) -> list[Event]:
        return [ANY_EVENT.validate_json(entry.data) for entry in await self.log.read(self.run.id, "")]

    async def until_bullets(self, n: int) -> None:
        """Wait until so many have been written."""
        async with asyncio.timeout(1000), self.log.listen(self.run.id, "", None) as listener:
            assert isinstance(listener, Reader)
            listener.excuse()
            async for entry in listener:
                n -= isinstance(entry, Entry) and entry.event == "bullet"
                if not n:
                    return


async def stage(
    *script: Step,
    connecting: Sequence[Step] = (),
    ended: End | None = None,
    request: SummaryRequest = REQUEST,
    on_disconnect: OnDisconnect = "cancel",
    total_s: float = 300,
) -> Scene:
    upstream = ScriptedUpstream(script=script, connecting=connecting)
    upstream.ended = ended or upstream.ended
    log = MemoryLog(grace_s=10, keep_s=1e9, keep_bytes=1 << 20)
    lease = await begin(log, "the-id", on_disconnect=on_disconnect)
    run = Run(request, id="the-id", relay=relay_of(upstream), lease=lease, admitted=now(), total_s=total_s)
    return Scene(run, log, upstream)


def relay_of(*upstreams: ScriptedUpstream) -> Relay:
    return Relay(upstreams, health=Health(now), admitted=now(), first_byte_s=5, stall_s=30)


def ledger_of(events: list[Event]) -> Ledger:
    last = events[-1]
    assert isinstance(last, SummaryCompleted | SummaryFailed)
    assert sum(isinstance(event, SummaryCompleted | SummaryFailed) for event in events) == 1
    return last if isinstance(last, SummaryCompleted) else last.ledger


def problem_of(events: list[Event]) -> Problem:
    assert isinstance(events[-1], SummaryFailed)
    return events[-1].problem


def bullets_of(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Bullet)]


# The way of the data.


@in_jumping_time
async def test_a_summary_is_written_from_its_creation_to_its_ledger() -> None:
    """Numbered from 1, the last one final, and the request in the prompt."""
    scene = await stage(HEAD, REST)
    events = await scene.until_over()
    created, *bullets, completed = events
    assert isinstance(created, SummaryCreated)
    assert (created.id, created.model, created.max_bullets) == ("the-id", "parrot", 5)
    assert created.created_at.endswith("Z")
    assert [event.model_dump(include={"index", "text"}) for event in bullets] == [
        {"index": 0, "text": "The first."},
        {"index": 1, "text": "The second."},
    ]
    assert isinstance(completed, SummaryCompleted)
    assert completed.finish == "complete"
    entries = await scene.log.read("the-id", "")
    assert [(entry.n, entry.final) for entry in entries] == [(1, False), (2, False), (3, False), (4, True)]
    assert [entry.event for entry in entries] == [json.loads(entry.data)["type"] for entry in entries]
    assert CANARY in scene.upstream.prompts[0].user


@in_jumping_time
async def test_a_bullet_is_written_while_the_model_still_writes() -> None:
    """At its closing character, whatever comes next."""
    scene = await stage(HEAD, HANG)
    scene.start()
    await scene.until_bullets(1)
    assert scene.upstream.open == 1
    scene.run.stop(Cause.CANCELLED)
    await scene.until_over()


@in_jumping_time
async def test_rejections_are_written_in_their_place() -> None:
    """An element that fails a check is an event like another."""
    events = await (await stage('{"bullets": [{"txt": 1}', REST)).until_over()
    assert isinstance(events[1], BulletRejected)
    assert bullets_of(events) == ["The second."]


@in_jumping_time
async def test_the_ledger_tells_times_since_admission_and_what_the_pass_cost() -> None:
    """Milliseconds; the model's own finish reason; tokens as the upstream counted them."""
    usage = Usage(prompt_tokens=100, completion_tokens=20)
    ended = End(Cause.STOP, finish_reason="stop", usage=usage)
    scene = await stage(0.25, "", '{"bullets": [', 0.5, '{"text": "The first."}', 0.125, "]}", ended=ended)
    await asyncio.sleep(1.0)
    ledger = ledger_of(await scene.until_over())
    assert ledger.timing.model_dump() == {"first_delta_ms": 1250, "first_bullet_ms": 1750, "total_ms": 1875}
    assert [report.model_dump() for report in ledger.passes] == [
        {
            "kind": "first",
            "model": "parrot",
            "finish_reason": "stop",
            "prompt_tokens": 100,
            "completion_tokens": 20,
        }
    ]


@in_jumping_time
async def test_reading_costs_no_timer() -> None:
    """One clock a pass, however many reads: only a tail has a clock of its own."""
    scene = await stage('{"bullets": [', *(["  "] * 100), HANG)
    scene.start()
    await asyncio.sleep(1.0)
    loop = asyncio.get_running_loop()
    assert len(loop.timers) < 10  # type: ignore[attr-defined]
    scene.run.stop(Cause.CANCELLED)
    await scene.until_over()


# The tail.


@in_jumping_time
async def test_after_the_document_the_usage_is_waited_for() -> None:
    """What follows within the limits is read to the upstream's end."""
    ended = End(Cause.STOP, finish_reason="stop", usage=Usage(1, 2))
    ledger = ledger_of(await (await stage(DOCUMENT, 0.4, "", ended=ended)).until_over())
    assert ledger.finish == "complete"
    assert ledger.passes[0].prompt_tokens == 1


@in_jumping_time
async def test_after_the_document_at_most_half_a_second_is_waited() -> None:
    """Counted from the document's end, not from the last sign of life."""
    scene = await stage(DOCUMENT, 0.2, "", 0.2, " ", HANG)
    events = await scene.until_over()
    assert ledger_of(events).finish == "complete"
    assert now() == pytest.approx(0.5, abs=0.01)
    assert scene.upstream.open == 0


@in_jumping_time
async def test_after_the_document_at_most_4_kib_are_read() -> None:
    """In UTF-8, whatever they are."""
    scene = await stage(DOCUMENT, *(["é" * 512] * 5), HANG)
    assert ledger_of(await scene.until_over()).finish == "complete"
    assert now() < 0.01


@in_jumping_time
async def test_enough_bullets_and_silence_end_after_half_a_second() -> None:
    """Whether the model goes on is decided for it."""
    scene = await stage(HEAD, HANG, request=SummaryRequest(text="x", max_bullets=1))
    ledger = ledger_of(await scene.until_over())
    assert (ledger.finish, ledger.bullets) == ("max_bullets", 1)
    assert now() == pytest.approx(0.5, abs=0.01)


@in_jumping_time
async def test_enough_bullets_and_more_end_at_once() -> None:
    """The character that says so is the last one read."""
    scene = await stage(HEAD, 0.1, ",", HANG, request=SummaryRequest(text="x", max_bullets=1))
    assert ledger_of(await scene.until_over()).finish == "max_bullets"
    assert now() == pytest.approx(0.1, abs=0.01)
    assert scene.upstream.open == 0


@in_jumping_time
async def test_a_tail_that_turns_out_to_be_none_gives_the_time_back() -> None:
    """Enough bullets, and then the array's end: the document is read to its end like any other."""
    scene = await stage(HEAD, 0.4, "]", 0.4, "}", request=SummaryRequest(text="x", max_bullets=1))
    assert ledger_of(await scene.until_over()).finish == "complete"
    assert now() == pytest.approx(0.8, abs=0.01)


# Clocks and upstream failures.


@pytest.mark.parametrize("connecting", [True, False])
@in_jumping_time
async def test_a_summary_has_a_deadline_from_its_admission(connecting: bool) -> None:
    """Also while the call is not answered; the upstream is told of it, and hung up."""
    waiting = [HANG] if connecting else []
    scene = await stage(HEAD, HANG, connecting=waiting, total_s=300)
    await asyncio.sleep(100)
    events = await scene.until_over()
    assert now() == pytest.approx(300, abs=0.01)
    assert scene.upstream.deadlines == [pytest.approx(300, abs=0.01)]
    assert problem_of(events).code == "upstream_timeout"
    assert bullets_of(events) == ([] if connecting else ["The first."])
    assert scene.upstream.open == 0


@pytest.mark.parametrize("script", [[DOCUMENT, HANG], [*DOCUMENT, 0.4]])
@in_jumping_time
async def test_the_deadline_does_not_spoil_a_document_that_is_whole(script: list[Step]) -> None:
    """An error in the tail is no error."""
    scene = await stage(*script, total_s=0.3)
    assert ledger_of(await scene.until_over()).finish == "complete"


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [
        (Cause.ERROR, "upstream_error", 502),
        (Cause.REJECTED, "upstream_rejected", 502),
        (Cause.TIMEOUT, "upstream_timeout", 504),
        (Cause.OVERLOADED, "overloaded", 503),
        (Cause.TOO_LONG, "context_too_long", 422),
    ],
)
@in_jumping_time
async def test_a_call_that_fails_is_the_summarys_problem(cause: Cause, code: str, status: int) -> None:
    """It is known before any content, so that it can still be a status code; what may pass is tried once more."""
    scene = await stage(connecting=[refused(cause)])
    events = await scene.until_over()
    assert [event.type for event in events] == ["summary.created", "summary.failed"]
    problem = problem_of(events)
    assert (problem.code, problem.status) == (code, status)
    assert scene.run.started.result() == problem
    assert len(ledger_of(events).passes) == (2 if cause in {Cause.ERROR, Cause.OVERLOADED} else 1)


@pytest.mark.parametrize(
    ("ended", "finish"),
    [
        (End(Cause.ERROR), "upstream_error"),
        (End(Cause.CUT), "upstream_truncated"),
        (End(Cause.LENGTH, finish_reason="length"), "length"),
        (End(Cause.TIMEOUT), "upstream_timeout"),
    ],
)
@in_jumping_time
async def test_a_pass_that_breaks_off_ends_as_the_upstream_says(ended: End, finish: str) -> None:
    """With the bullets that came, none of the open one."""
    events = await (await stage(HEAD, ', {"text": "The sec', ended=ended)).until_over()
    ledger = ledger_of(events)
    assert (ledger.finish, ledger.bullets) == (finish, 1)
    assert ledger.passes[0].finish_reason == ended.finish_reason


# Pass after pass.


async def relayed(*upstreams: ScriptedUpstream, text: str = REQUEST.text, total_s: float = 300) -> Scene:
    """A run with these upstreams to go to."""
    log = MemoryLog(grace_s=10, keep_s=1e9, keep_bytes=1 << 20)
    lease = await begin(log, "the-id", on_disconnect="cancel")
    request = SummaryRequest(text=text)
    run = Run(request, id="the-id", relay=relay_of(*upstreams), lease=lease, admitted=now(), total_s=total_s)
    return Scene(run, log, upstreams[0])


@in_jumping_time
async def test_the_whole_time_is_that_of_all_passes() -> None:
    """When it is over nobody else is asked; what has come stays, and the last pass says how it ended."""
    first = ScriptedUpstream(name="a", script=[HEAD, 8.0], ended=End(Cause.CUT))
    second = ScriptedUpstream(name="b", script=['["The second."', HANG])
    third = ScriptedUpstream(name="c", script=[DOCUMENT])
    events = await (await relayed(first, second, third, total_s=10)).until_over()
    assert bullets_of(events) == ["The first.", "The second."]
    assert ledger_of(events).finish == "upstream_timeout"
    assert now() == pytest.approx(10, abs=0.01)
    assert [len(each.prompts) for each in (first, second, third)] == [1, 1, 0]
    assert ledger_of(events).passes[1].kind == "continue"


@in_jumping_time
async def test_a_pause_is_cut_short_by_the_end_of_all_time() -> None:
    """And nobody is called after it."""
    busy = ScriptedUpstream(connecting=[UpstreamError(End(Cause.OVERLOADED, retry_after=4))])
    events = await (await relayed(busy, total_s=3)).until_over()
    assert (problem_of(events).code, len(busy.prompts)) == ("overloaded", 1)
    assert now() == pytest.approx(3, abs=0.01)


@in_jumping_time
async def test_a_task_that_is_cancelled_in_a_pause_still_says_how_it_ended() -> None:
    """The process's end, between two calls."""
    scene = await relayed(ScriptedUpstream(connecting=[UpstreamError(End(Cause.OVERLOADED, retry_after=4))]))
    scene.start()
    await asyncio.sleep(1)
    assert scene.task
    scene.task.cancel()
    await asyncio.wait([scene.task])
    assert problem_of(await scene.events()).code == "draining"


async def test_a_large_source_is_indexed_aside() -> None:
    """And is there when the first element closes."""
    text = "Nothing much happened in the year 1703. " * 1000 + "In the end the lighthouse keeper bought a goat."
    model = ScriptedUpstream(script=['["The lighthouse keeper bought a goat."]'])
    events = await (await relayed(model, text=text)).until_over()
    (bullet,) = (event for event in events if isinstance(event, Bullet))
    (span,) = bullet.evidence
    assert text[span.start : span.end] == "In the end the lighthouse keeper bought a goat."


# The honest first byte.


@in_jumping_time
async def test_started_is_the_first_content() -> None:
    """Being alive, or thinking, is none."""
    scene = await stage("", 1.0, "", 1.0, "{", HANG)
    scene.start()
    await asyncio.sleep(1.5)
    assert not scene.run.started.done()
    async with asyncio.timeout(10):
        assert await scene.run.started is None
    assert now() == pytest.approx(2, abs=0.01)
    scene.run.stop(Cause.CANCELLED)
    await scene.until_over()


@pytest.mark.parametrize(("cause", "code"), [(Cause.CANCELLED, None), (Cause.DRAINING, "draining")])
@in_jumping_time
async def test_started_tells_why_there_was_no_content(cause: Cause, code: str | None) -> None:
    """Nothing, if the summary ended well enough; else its problem."""
    scene = await stage(HANG)
    scene.start()
    await settle()
    scene.run.stop(cause)
    await scene.until_over()
    problem = scene.run.started.result()
    assert (problem and problem.code) == code


# Stopping.


@pytest.mark.parametrize(("connecting", "script"), [([HANG], []), ([], [HANG]), ([], [HEAD, HANG])])
@pytest.mark.parametrize(("cause", "finish"), [(Cause.CANCELLED, "cancelled"), (Cause.DRAINING, "draining")])
@in_jumping_time
async def test_stop_hangs_up_at_once(connecting: list[Step], script: list[Step], cause: Cause, finish: str) -> None:
    """Wherever the pass is; twice is no error, and the first cause is the one."""
    scene = await stage(*script, connecting=connecting)
    scene.start()
    await settle()
    before = now()
    scene.run.stop(cause)
    scene.run.stop(Cause.TIMEOUT)
    events = await scene.until_over()
    scene.run.stop(Cause.TIMEOUT)
    assert ledger_of(events).finish == finish
    assert len(ledger_of(events).passes) == 1
    assert now() - before < 0.01
    assert (scene.upstream.open, timers()) == (0, 1)  # the test's own


@in_jumping_time
async def test_stop_before_the_task_runs_calls_no_model() -> None:
    """The summary has its two events all the same."""
    scene = await stage(DOCUMENT)
    scene.run.stop(Cause.CANCELLED)
    events = await scene.until_over()
    assert [event.type for event in events] == ["summary.created", "summary.completed"]
    assert ledger_of(events).passes == ()
    assert scene.upstream.prompts == []


@pytest.mark.parametrize("last", ["]}", ', {"text": "The second."}'])
@in_jumping_time
async def test_stop_holds_though_the_model_speaks_at_the_same_moment(last: str) -> None:
    """What is read in the same turn of the loop sets no clock going that would undo it."""
    gate = asyncio.Event()
    scene = await stage(HEAD, gate, last, HANG, request=SummaryRequest(text="x", max_bullets=2))
    scene.start()
    await scene.until_bullets(1)
    before = now()
    gate.set()
    await asyncio.sleep(0)
    scene.run.stop(Cause.CANCELLED)
    assert ledger_of(await scene.until_over()).finish == "cancelled"
    assert now() - before < 0.01


@in_jumping_time
async def test_cancelling_in_the_log_stops_the_run() -> None:
    """The way of DELETE."""
    scene = await stage(HEAD, HANG)
    scene.start()
    await scene.until_bullets(1)
    await scene.log.cancel("the-id", "")
    assert ledger_of(await scene.until_over()).finish == "cancelled"
    assert scene.upstream.open == 0


@pytest.mark.parametrize(("policy", "after"), [("cancel", 0), ("grace", 10)])
@in_jumping_time
async def test_nobody_listening_stops_the_run_as_the_policy_says(policy: OnDisconnect, after: float) -> None:
    """The upstream is hung up when the policy's time is over."""
    scene = await stage(HEAD, HANG, on_disconnect=policy)
    scene.start()
    async with scene.log.listen("the-id", "", None):
        await scene.until_bullets(1)
    left = now()
    async with asyncio.timeout(1000):
        await scene.upstream.closed.wait()
    assert now() - left == pytest.approx(after, abs=0.01)
    assert ledger_of(await scene.until_over()).finish == "cancelled"


@in_jumping_time
async def test_with_finish_a_summary_goes_on_alone() -> None:
    """To its end."""
    scene = await stage(HEAD, 100.0, REST, on_disconnect="finish")
    scene.start()
    async with scene.log.listen("the-id", "", None):
        await scene.until_bullets(1)
    assert ledger_of(await scene.until_over()).finish == "complete"


@pytest.mark.parametrize("early", [True, False])
@in_jumping_time
async def test_cancelling_the_task_still_writes_the_last_event(early: bool) -> None:
    """The end of the process, as far as the run can tell; the cancellation goes its way."""
    scene = await stage(HANG if early else HEAD, HANG)
    scene.start()
    await settle()
    assert scene.task is not None
    scene.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scene.until_over()
    events = await scene.events()
    assert ledger_of(events).finish == "draining"
    assert (scene.run.started.result() is None) is not early
    assert scene.upstream.open == 0
    assert len(asyncio.all_tasks()) == 1


# Bugs.


@pytest.mark.parametrize("bug", [ZeroDivisionError(CANARY), TimeoutError(CANARY)])
@pytest.mark.parametrize("begun", [True, False])
@in_jumping_time
async def test_a_bug_ends_the_summary_and_says_nothing_of_the_text(
    bug: Exception, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its type and the lines it came through are logged; the upstream is hung up."""
    scene = await stage(*([HEAD] if begun else []), bug)
    events = await scene.until_over()
    assert problem_of(events).code == "upstream_error"
    assert len(ledger_of(events).passes) == 1
    assert scene.upstream.open == 0
    assert type(bug).__name__ in caplog.text
    assert CANARY not in caplog.text


@in_jumping_time
async def test_no_task_and_no_timer_is_left() -> None:
    """A run is over when its task is."""
    scene = await stage(DOCUMENT, HANG)
    await scene.until_over()
    assert len(asyncio.all_tasks()) == 1
    await scene.log.aclose()
    assert timers() == 0


@in_jumping_time
async def test_what_is_over_is_gone_without_garbage() -> None:
    """A run that led to itself would keep source and events until garbage is collected: 100 KiB each, and many end."""
    scene = await stage(HEAD, REST)
    await scene.until_over()
    run = weakref.ref(scene.run)
    gc.collect()
    gc.disable()
    try:
        del scene
        assert run() is None
    finally:
        gc.enable()


# A log that fails.


class BrokenLease:
    """Takes `room` events and then raises `error`, or says at once what is `happening`."""

    can_hand_over = False

    def __init__(self, *, room: int = 100, error: Exception | None = None, happening: Happening | None = None) -> None:
        self.entries: list[Entry] = []
        self.handed_over = False
        self._room = room
        self._error = error or LogDown()
        self._happening = happening

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """It is as far away as Redis."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        if len(self.entries) + len(entries) > self._room:
            raise self._error
        self.entries += entries

    def preview(self, data: bytes) -> None:
        """Nothing is drawn here."""

    async def hand_over(self) -> None:
        self.handed_over = True
        raise LogDown

    async def happening(self) -> Happening:
        if self._happening is None:
            await asyncio.get_running_loop().create_future()
        assert self._happening
        return self._happening


class SlowLease(BrokenLease):
    @override
    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        await asyncio.sleep(1)
        await super().append(entries, final=final)


class DeafLease(BrokenLease):
    @override
    async def happening(self) -> Happening:
        raise self._error


async def run_on(lease: BrokenLease, *script: Step, tab: Tab | None = None) -> tuple[Run, ScriptedUpstream]:
    """A whole run."""
    upstream = ScriptedUpstream(script=script)
    run = Run(REQUEST, id="the-id", relay=relay_of(upstream), lease=lease, admitted=now(), total_s=300, tab=tab)
    async with asyncio.timeout(1000):
        await run.run()
    assert upstream.open == 0
    return run, upstream


def code_of(run: Run) -> str | None:
    problem = run.started.result()
    return None if problem is None else problem.code


@pytest.mark.parametrize("room", [0, 1, 2])
@in_jumping_time
async def test_an_event_that_cannot_be_stored_stops_the_run(room: int) -> None:
    """No terminal event is tried: who comes back finds what the log holds."""
    lease = BrokenLease(room=room)
    run, upstream = await run_on(lease, HEAD, REST, HANG)
    assert len(lease.entries) == room
    assert code_of(run) == (None if room else "log_unavailable")
    assert len(upstream.prompts) == (1 if room else 0)


@pytest.mark.parametrize("error", [LogDown(), Fenced(), ZeroDivisionError()])
@pytest.mark.parametrize("room", [0, 1])
@in_jumping_time
async def test_a_run_that_cannot_write_frees_its_place(error: Exception, room: int) -> None:
    """At once: whoever goes on with it, if anybody does, takes one of its own."""
    limiter = MemoryLimiter()
    allowance = Allowance(limiter, when_down="closed", total_s=300)
    key = Key(name="alice", streams=1)
    await allowance.reserve(key, "the-id", 10)
    tab = Tab(allowance, allowance.reservation(key, "the-id", 10))
    with suppress(ZeroDivisionError):
        await run_on(BrokenLease(room=room, error=error), DOCUMENT, tab=tab)
    await allowance.reserve(key, "another", 10)


@in_jumping_time
async def test_a_terminal_event_that_cannot_be_stored_is_not_reported_as_the_end() -> None:
    """Nothing was promised yet, and nothing is."""
    run, _ = await run_on(BrokenLease(room=1), "{}")
    assert run.started.done()


@in_jumping_time
async def test_a_fenced_run_stops_without_a_word() -> None:
    """Somebody else writes on: who listens, reads on."""
    lease = BrokenLease(happening=Happening.FENCED)
    run, _ = await run_on(lease, HANG)
    assert [entry.event for entry in lease.entries] == ["summary.created"]
    assert code_of(run) is None


@in_jumping_time
async def test_a_run_that_is_fenced_before_its_first_call_makes_none() -> None:
    """The store took its time to take the first event."""
    lease = SlowLease(happening=Happening.FENCED)
    run, upstream = await run_on(lease, DOCUMENT)
    assert [entry.event for entry in lease.entries] == ["summary.created"]
    assert code_of(run) is None
    assert upstream.prompts == []


@pytest.mark.parametrize(
    ("error", "last", "code"),
    [
        (LogDown(), "summary.created", "log_unavailable"),
        (Fenced(), "summary.created", None),
        (ZeroDivisionError(CANARY), "summary.failed", "upstream_error"),
    ],
)
@in_jumping_time
async def test_a_run_that_cannot_hear_its_log_stops(
    error: Exception, last: str, code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A DELETE would be lost on it."""
    lease = DeafLease(error=error)
    run, _ = await run_on(lease, HANG)
    assert lease.entries[-1].event == last
    assert code_of(run) == code
    assert CANARY not in caplog.text


@in_jumping_time
async def test_whoever_waits_for_the_start_is_told_even_of_a_bug_at_the_end() -> None:
    """The future is always set, and the right to write is given back, so that no listener waits for ever."""
    lease = BrokenLease(room=1, error=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await run_on(lease, "")
    assert lease.handed_over


@in_jumping_time
async def test_a_run_that_has_ended_hands_nothing_over() -> None:
    """Its last event says it all."""
    lease = BrokenLease()
    await run_on(lease, DOCUMENT)
    assert lease.entries[-1].final
    assert not lease.handed_over
