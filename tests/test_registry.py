"""All running summaries of a process: who is let in, and how the last one goes out."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import SecretStr
from typing_extensions import override

from streamsum.core.events import SummaryCreated
from streamsum.core.models import OnDisconnect, SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.core.sse import encode
from streamsum.errors import LogDown, RequestRefused
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.limiter import Reservation, Standing
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.log import (
    Entry,
    EventLog,
    Happening,
    HasRoom,
    Idempotency,
    Joined,
    Lease,
    NewSummary,
    Orphan,
    always,
)
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from tests.jumping_clock import in_jumping_time, now, settle
from tests.scripted import HANG, ScriptedUpstream, Step

REQUEST = SummaryRequest(text="x")
DOCUMENT = '{"bullets": [{"text": "The first."}]}'


def a_log() -> MemoryLog:
    return MemoryLog(grace_s=10, keep_s=600, keep_bytes=1 << 20)


def some_runs(
    *script: Step, log: EventLog | None = None, max_streams: int = 1000, source_bytes: int = 1 << 20
) -> tuple[Runs, ScriptedUpstream]:
    upstream = ScriptedUpstream(script=script)
    settings = Settings(max_streams=max_streams, source_bytes=source_bytes)
    return Runs(upstreams=[upstream], log=log or a_log(), settings=settings), upstream


async def refusal(runs: Runs, request: SummaryRequest = REQUEST, *, key: Key = NO_KEY) -> tuple[int, str, int | None]:
    with pytest.raises(RequestRefused) as caught:
        await runs.start(request, key=key)
    problem = caught.value.problem
    return problem.status, problem.code, problem.retry_after


async def last_event(runs: Runs, id: str, key: str = "") -> Entry:
    entries: Sequence[Entry] = await runs.log.read(id, key)
    return entries[-1]


@in_jumping_time
async def test_a_started_summary_runs_by_itself() -> None:
    """Its id is 128 random bits, its events belong to its key, and it counts as running until it is over."""
    runs, upstream = some_runs(DOCUMENT)
    run = await runs.start(REQUEST, key=Key(name="alice"))
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", run.id)
    assert len(runs) == 1
    async with asyncio.timeout(10):
        assert await run.started is None
    await settle()
    assert (await last_event(runs, run.id, "alice")).event == "summary.completed"
    assert (len(runs), upstream.open) == (0, 0)


@in_jumping_time
async def test_the_deadline_is_the_settings() -> None:
    """From admission."""
    upstream = ScriptedUpstream(script=[HANG])
    runs = Runs(upstreams=[upstream], log=a_log(), settings=Settings(total_s=7))
    await runs.start(REQUEST)
    await asyncio.sleep(7.1)
    assert upstream.deadlines == [pytest.approx(7, abs=0.01)]
    assert len(runs) == 0


# Admission.


@in_jumping_time
async def test_only_so_many_run_at_once() -> None:
    """The place of one that is over is free again."""
    runs, _ = some_runs(HANG, max_streams=2)
    first, _ = await runs.start(REQUEST), await runs.start(REQUEST)
    assert await refusal(runs) == (503, "overloaded", 5)
    first.stop(Cause.CANCELLED)
    await settle()
    await runs.start(REQUEST)
    assert len(runs) == 2
    await runs.aclose()


@in_jumping_time
async def test_their_sources_are_bounded_together_in_bytes() -> None:
    """Of UTF-8, to the byte; given back exactly once."""
    runs, _ = some_runs(HANG, source_bytes=10)
    run = await runs.start(SummaryRequest(text="é" * 4))
    assert await refusal(runs, SummaryRequest(text="abc")) == (503, "overloaded", 5)
    await runs.start(SummaryRequest(text="ab"))
    for _ in range(3):
        run.stop(Cause.CANCELLED)
        await settle()
    assert await refusal(runs, SummaryRequest(text="é" * 4 + "a")) == (503, "overloaded", 5)
    await runs.start(SummaryRequest(text="é" * 4))
    await runs.aclose()


class SlowLog(MemoryLog):
    """Takes its time to begin a summary, and may fail to."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self._error = error

    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        await asyncio.sleep(1)
        if self._error:
            raise self._error
        return await super().create(new)

    @override
    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        if self._error:
            raise self._error
        return await super().find(key, idempotency)


@in_jumping_time
async def test_a_place_is_taken_before_the_log_has_answered() -> None:
    """Or two could take the last one."""
    runs, _ = some_runs(HANG, log=SlowLog(), max_streams=1)
    first = asyncio.create_task(runs.start(REQUEST))
    await settle()
    assert await refusal(runs) == (503, "overloaded", 5)
    await first
    await runs.aclose()


@in_jumping_time
async def test_a_log_that_is_down_refuses_and_takes_no_place() -> None:
    """No call is made."""
    runs, upstream = some_runs(DOCUMENT, log=SlowLog(LogDown()), max_streams=1)
    for _ in range(3):
        assert await refusal(runs) == (503, "log_unavailable", 1)
    assert upstream.prompts == []
    await runs.aclose()


@in_jumping_time
async def test_a_start_that_is_given_up_takes_no_place() -> None:
    """Its client has left meanwhile."""
    runs, _ = some_runs(HANG, log=SlowLog(), max_streams=1)
    start = asyncio.create_task(runs.start(REQUEST))
    await settle()
    start.cancel()
    await asyncio.wait([start])
    await runs.start(REQUEST)
    await runs.aclose()


# Draining.


@in_jumping_time
async def test_draining_admits_no_more() -> None:
    """Also when nothing runs."""
    runs, _ = some_runs()
    await runs.drain(30)
    assert runs.draining
    assert await refusal(runs) == (503, "draining", 1)
    assert now() == 0


@in_jumping_time
async def test_draining_waits_for_what_runs() -> None:
    """Not longer than it takes."""
    runs, _ = some_runs(5.0, DOCUMENT)
    run = await runs.start(REQUEST)
    await runs.drain(30)
    assert now() == pytest.approx(5, abs=0.01)
    assert (await last_event(runs, run.id)).event == "summary.completed"


@in_jumping_time
async def test_draining_ends_what_does_not_end() -> None:
    """When its time is over, with a terminal event; and returns when the last task is over."""
    runs, upstream = some_runs(HANG)
    ids = [(await runs.start(REQUEST)).id for _ in range(3)]
    await runs.drain(30)
    assert now() == pytest.approx(30, abs=0.01)
    for id in ids:
        event = await last_event(runs, id)
        assert event.event == "summary.failed"
        assert b'"finish":"draining"' in event.data
    assert (len(runs), upstream.open, len(asyncio.all_tasks())) == (0, 0, 1)


@in_jumping_time
async def test_closing_stops_everything_at_once() -> None:
    """Also what was being waited for."""
    runs, upstream = some_runs(HANG)
    await runs.start(REQUEST)
    draining = asyncio.create_task(runs.drain(30))
    await settle()
    await runs.aclose()
    async with asyncio.timeout(1):
        await draining
    assert (len(runs), upstream.open) == (0, 0)


@in_jumping_time
async def test_a_start_that_the_drain_overtakes_ends_at_once() -> None:
    """It was admitted, so it ends like the others, and is waited for."""
    runs, upstream = some_runs(DOCUMENT, log=SlowLog())
    start = asyncio.create_task(runs.start(REQUEST))
    await settle()
    await runs.aclose()
    run = await start
    assert b'"finish":"draining"' in (await last_event(runs, run.id)).data
    assert upstream.prompts == []


# Taking over.


class Legacy(MemoryLog):
    """What is put into `left` is there to be taken over, by whoever asks."""

    def __init__(self) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self.left: asyncio.Queue[Orphan] = asyncio.Queue()

    @override
    async def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        while True:
            yield await self.left.get()


@in_jumping_time
async def test_the_same_summary_may_run_twice_for_a_while() -> None:
    """A process takes over what was its own, while its old run has not heard of it yet: each has a place of its own."""
    runs, _ = some_runs(HANG, log=(log := Legacy()))
    former = await runs.start(REQUEST)
    lease = await MemoryLog(grace_s=10, keep_s=600, keep_bytes=1 << 20).create(NewSummary(former.id, "", "finish"))
    assert not isinstance(lease, Joined)
    log.left.put_nowait(orphan_of(former.id, lease))
    runs.adopt()
    await settle()
    former.stop(Cause.CANCELLED)
    await settle()
    async with asyncio.timeout(1):
        await runs.drain(0)
    assert len(runs) == 0


def orphan_of(id: str, lease: Lease) -> Orphan:
    return Orphan(
        id=id,
        key="",
        on_disconnect="finish",
        lease=lease,
        entries=(),
        sealed=None,
        taken_before=False,
        cancelled=False,
        nobody_listens=False,
        age_s=1,
        left_s=100,
    )


# Bugs.


class WormyLease:
    """Takes no final event."""

    can_hand_over = False

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """It waits."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        if final:
            raise ZeroDivisionError("xyzzy-canary")
        await self._lease.append(entries)

    def preview(self, data: bytes) -> None:
        self._lease.preview(data)

    async def happening(self) -> Happening:
        return await self._lease.happening()

    async def hand_over(self) -> None:
        await self._lease.hand_over()


class WormyLog(MemoryLog):
    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        lease = await super().create(new)
        assert not isinstance(lease, Joined)
        return WormyLease(lease)


@in_jumping_time
async def test_a_run_that_breaks_gives_its_place_back(caplog: pytest.LogCaptureFixture) -> None:
    """Its type is logged, its text is not."""
    log = WormyLog(grace_s=10, keep_s=600, keep_bytes=1 << 20)
    runs, _ = some_runs(DOCUMENT, log=log, max_streams=1)
    for _ in range(2):
        run = await runs.start(REQUEST)
        async with asyncio.timeout(10):
            await run.started
        await settle()
    assert len(runs) == 0
    assert "ZeroDivisionError" in caplog.text
    assert "xyzzy-canary" not in caplog.text


# Keys.

ALICE = Key(name="alice", streams=1, tokens_per_day=10_000)


class Heirloom(MemoryLog):
    """Has one summary that another process has left behind."""

    def __init__(self, *, on_disconnect: OnDisconnect = "finish") -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self._on_disconnect = on_disconnect

    @override
    async def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        lease = await self.create(NewSummary("left", "alice", self._on_disconnect))
        assert not isinstance(lease, Joined)
        created = Entry(
            1, "summary.created", encode(SummaryCreated(id="left", model="m", max_bullets=5, created_at=""))
        )
        await lease.append([created])
        yield Orphan(
            id="left",
            key="alice",
            on_disconnect=self._on_disconnect,
            lease=lease,
            entries=[created],
            sealed=SEALER.seal(REQUEST, id="left", key="alice"),
            taken_before=False,
            cancelled=False,
            nobody_listens=False,
            age_s=1,
            left_s=100,
        )
        await asyncio.get_running_loop().create_future()


SEALER = Sealer([SecretStr("s" * 32)])


class Ledgers(MemoryLimiter):
    """Remembers what was settled: whose, which, for how much, in which turn; and what was inherited."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[tuple[str, str, int, int]] = []
        self.handed_on: list[tuple[str, str, int, int]] = []
        self.inherited: list[tuple[str, str, int]] = []

    @override
    async def inherit(self, wanted: Reservation) -> None:
        self.inherited.append((wanted.key, wanted.id, wanted.turn))
        await super().inherit(wanted)

    @override
    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        (self.handed_on if goes_on else self.settled).append((key, id, tokens, turn))
        await super().settle(key, id, tokens, turn=turn, goes_on=goes_on)


def keyed_runs(
    *script: Step,
    log: EventLog | None = None,
    keys: dict[str, Key] | None = None,
    limiter: Ledgers | None = None,
) -> tuple[Runs, ScriptedUpstream, Ledgers]:
    """`keys`: those who may call, as long as they are in it."""
    holders = {"alice": ALICE} if keys is None else keys
    ended = End(Cause.STOP, finish_reason="stop", usage=Usage(20, 10))
    upstream = ScriptedUpstream(script=script, ended=ended)
    limiter = limiter or Ledgers()
    runs = Runs(
        upstreams=[upstream],
        log=log or a_log(),
        settings=Settings(),
        sealer=SEALER,
        key_named=holders.get,
        allowance=Allowance(limiter, when_down="closed", total_s=300),
    )
    return runs, upstream, limiter


@in_jumping_time
async def test_what_is_settled_is_settled_before_the_end_is_said() -> None:
    """So that a client that begins the next one at once finds room."""
    runs, _, limiter = keyed_runs(DOCUMENT)
    for n in range(3):
        run = await runs.start(REQUEST, key=ALICE)
        async with runs.log.listen(run.id, "alice", None) as listener:
            assert [entry async for entry in listener]
        assert limiter.settled[n:] == [("alice", run.id, 30, 0)]
    await runs.aclose()


@in_jumping_time
async def test_without_limits_nothing_is_reserved_or_settled() -> None:
    """Nobody is asked."""
    runs, _, limiter = keyed_runs(DOCUMENT, keys={"bob": (bob := Key(name="bob"))})
    await runs.start(REQUEST, key=bob)
    await settle()
    await runs.aclose()
    assert limiter.settled == []


@in_jumping_time
async def test_what_did_not_begin_is_given_back() -> None:
    """Its log is down: the next try is not held against its limits."""
    runs, _, limiter = keyed_runs(DOCUMENT, log=SlowLog(LogDown()))
    for n in (1, 2):
        assert await refusal(runs, key=ALICE) == (503, "log_unavailable", 1)
        await settle()
        assert [(key, tokens) for key, _, tokens, _ in limiter.settled] == [("alice", 0)] * n
    with pytest.raises(RequestRefused) as caught:
        await runs.start_or_join(REQUEST, key=ALICE, idempotency=Idempotency("order-7", "f"))
    assert caught.value.problem.code == "log_unavailable"
    assert len(limiter.settled) == 2
    await runs.aclose()


@in_jumping_time
async def test_a_key_over_its_limits_takes_no_place_of_others() -> None:
    """It is refused before it is held against what the process has."""
    runs, _, _ = keyed_runs(HANG)
    await runs.start(REQUEST, key=ALICE)
    assert await refusal(runs, key=ALICE) == (429, "too_many_streams", 5)
    assert len(runs) == 1
    await runs.aclose()


class SlowLedgers(Ledgers):
    """Takes its time to reserve."""

    @override
    async def reserve(self, wanted: Reservation) -> Standing | None:
        await asyncio.sleep(1)
        return await super().reserve(wanted)


@in_jumping_time
async def test_who_waits_for_its_limits_while_the_process_goes_is_refused() -> None:
    """The drain waits only for whoever has a place; what was reserved is given back."""
    runs, upstream, limiter = keyed_runs(DOCUMENT, limiter=SlowLedgers())
    start = asyncio.create_task(refusal(runs, key=ALICE))
    await settle()
    await runs.drain(30)
    assert await start == (503, "draining", 1)
    await settle()
    assert [settled[2] for settled in limiter.settled] == [0]
    assert upstream.prompts == []
    await runs.aclose()


@in_jumping_time
async def test_whose_key_is_revoked_their_summaries_end() -> None:
    """As by DELETE; what was let in at that moment too. Others go on."""
    keys = {"alice": ALICE, "bob": (bob := Key(name="bob"))}
    runs, upstream, limiter = keyed_runs(HANG, keys=keys)
    run, other = await runs.start(REQUEST, key=ALICE), await runs.start(REQUEST, key=bob)
    await settle()
    del keys["alice"]
    late = await runs.start(REQUEST, key=Key(name="alice", streams=2))
    runs.end_revoked()
    await settle()
    for ended in (run, late):
        event = await last_event(runs, ended.id, "alice")
        assert event.event == "summary.completed"
        assert b'"finish":"cancelled"' in event.data
    assert (len(runs), upstream.open) == (1, 1)
    assert {settled[:2] for settled in limiter.settled} == {("alice", run.id), ("alice", late.id)}
    assert (await last_event(runs, other.id, "bob")).event == "summary.created"
    await runs.aclose()


@in_jumping_time
async def test_who_takes_over_settles_for_the_dead_too() -> None:
    """What that process has used nobody knows: the limiter is told that it will say no more."""
    runs, _, limiter = keyed_runs(DOCUMENT, log=Heirloom())
    runs.adopt()
    await settle()
    assert limiter.inherited == [("alice", "left", 1)]
    assert limiter.settled == [("alice", "left", 30, 1)]
    assert (await last_event(runs, "left", "alice")).event == "summary.completed"
    await runs.aclose()


@pytest.mark.parametrize("keys", [{}, {"alice": Key(name="alice", models=frozenset({"crow"}))}])
@in_jumping_time
async def test_what_a_key_may_not_have_is_not_gone_on_with(keys: dict[str, Key]) -> None:
    """It was revoked, or may not use the model (any more)."""
    runs, upstream, _ = keyed_runs(DOCUMENT, log=Heirloom(), keys=keys)
    runs.adopt()
    await settle()
    assert (await last_event(runs, "left", "alice")).final
    assert upstream.prompts == []
    await runs.aclose()
