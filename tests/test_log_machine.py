"""Begin, append, cut, resume, take over, cancel, delete, lose, in any order: what a log promises holds after each step.

Hypothesis plays two processes against a list of entries a summary, while others listen. On the memory log there is one
process, and no take-over.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from streamsum.errors import Expired, Fenced, InvalidCursor, LogDown, NotFound
from streamsum.runs.log import Entry, EventLog, Happening, Lease, NewSummary
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.redis_log import RedisLog
from tests.logs import LASTING, collect, lease_of, until_reached
from tests.redis_server import RedisServer, needs_redis, redis_server

LIMIT_S = 10
MOST = 4  # summaries at once
MOST_EARS = 2  # of each: with those who are cut and come back, one more would push somebody out
EXAMPLES = 200 if os.environ.get("STREAMSUM_SOAK") else 8


@dataclass
class Known:
    """What must be true of one summary."""

    id: str
    lease: Lease | None  # of whoever may write it now
    owner: int
    entries: list[Entry] = field(default_factory=list)
    lost: list[Lease] = field(default_factory=list)  # rights that were taken away
    cancelled: bool = False
    taken: bool = False
    gone: bool = False

    @property
    def writable(self) -> Lease | None:
        return None if self.over or self.gone else self.lease

    @property
    def over(self) -> bool:
        return bool(self.entries) and self.entries[-1].final

    def next(self, count: int, *, final: bool = False) -> list[Entry]:
        first = len(self.entries) + 1
        entries = [Entry(n, "bullet", b'{"n": %d}' % n) for n in range(first, first + count)]
        if final:
            entries[-1] = Entry(entries[-1].n, "summary.completed", b"{}", final=True)
        return entries


class Ear:
    """Somebody who listens on at one process, from a place, while all the rest goes on."""

    def __init__(self, known: Known, process: int, log: EventLog, after: int) -> None:
        self.known, self.process, self.after = known, process, after
        self.got: list[object] = []
        self.more = asyncio.Event()
        self.inside = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._listen(log))

    async def _listen(self, log: EventLog) -> None:
        try:
            async with log.listen(self.known.id, "alice", self.after) as listener:
                self.inside.set()
                async for entry in listener:
                    self.got.append(entry)
                    self.more.set()
        finally:
            self.inside.set()

    async def hears(self, entries: list[Entry]) -> None:
        """All that was written since, each once and in order, and the end if there is one."""
        while len(self.got) < len(entries) - self.after and not self.task.done():
            self.more.clear()
            waiting = asyncio.ensure_future(self.more.wait())
            await asyncio.wait([waiting, self.task], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        assert self.got == entries[self.after :]
        if entries[-1].final:
            await self.task

    async def goes(self) -> None:
        """With a part of what was written, and perhaps an error: its summary or its log has gone."""
        self.task.cancel()
        await asyncio.wait([self.task])
        assert self.got == self.known.entries[self.after :][: len(self.got)]
        if not self.task.cancelled() and (error := self.task.exception()):
            assert isinstance(error, (Expired, LogDown))


class LogMachine(RuleBasedStateMachine):
    """`processes` of them, each with a log of its own."""

    processes = 1
    summaries: Bundle[Known] = Bundle("summaries")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.logs: list[EventLog] = []
        self.known: list[Known] = []
        self.ears: list[Ear] = []
        self.count = 0

    def do(self, coroutine: Any) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(LIMIT_S):
                return await coroutine

        return self.runner.run(bounded())

    async def open_log(self) -> EventLog:
        log = MemoryLog(grace_s=600, keep_s=600, keep_bytes=1 << 20)
        self.stack.push_async_callback(log.aclose)
        return log

    @initialize()
    def open(self) -> None:
        self.logs = [self.do(self.open_log()) for _ in range(self.processes)]

    @override
    def teardown(self) -> None:
        self.leave(*self.ears)
        self.do(self.stack.aclose())
        self.runner.close()

    @precondition(lambda self: len(self.known) < MOST)
    @rule(target=summaries, process=st.integers(0, 1))
    def begin(self, process: int) -> Known:
        process %= self.processes
        self.count += 1
        new = NewSummary(f"summary-{self.count}", "alice", "finish", sealed=b"sealed")
        known = Known(new.id, self.do(lease_of(self.logs[process], new)), process)
        self.known.append(known)
        # What is known to nobody is not handed on.
        self.append(known, 1)
        return known

    @rule(known=summaries, count=st.integers(1, 3))
    def append(self, known: Known, count: int) -> None:
        if lease := known.writable:
            entries = known.next(count)
            self.do(lease.append(entries))
            known.entries += entries

    @rule(known=summaries)
    def finish(self, known: Known) -> None:
        if lease := known.writable:
            entries = known.next(1, final=True)
            self.do(lease.append(entries, final=True))
            known.entries += entries

    @rule(known=summaries, process=st.integers(0, 1), data=st.data())
    def be_cut_and_resume(self, known: Known, process: int, data: st.DataObject) -> None:
        """A listener reads some events and leaves; who comes back with its cursor gets exactly the rest."""
        if known.gone:
            return self.is_gone(known)
        cut = data.draw(st.integers(0, len(known.entries)))
        log = self.logs[process % self.processes]

        async def listen() -> list[object]:
            got: list[object] = []
            async with log.listen(known.id, "alice", None) as listener:
                while len(got) < cut:
                    got.append(await anext(listener))
            async with log.listen(known.id, "alice", cut) as listener:
                while len(got) < len(known.entries):
                    got.append(await anext(listener))
                if known.over:
                    assert await collect(listener) == []
            return got

        assert self.do(listen()) == known.entries
        return None

    @rule(known=summaries, process=st.integers(0, 1), data=st.data())
    def listen_on(self, known: Known, process: int, data: st.DataObject) -> None:
        """From anywhere, at any process, until the end or until this machine's."""
        if known.gone or sum(ear.known is known for ear in self.ears) == MOST_EARS:
            return
        process %= self.processes
        after = data.draw(st.integers(0, len(known.entries)))

        async def enter() -> None:
            self.ears.append(ear := Ear(known, process, self.logs[process], after))
            await ear.inside.wait()

        self.do(enter())

    def leave(self, *ears: Ear) -> None:
        for ear in ears:
            self.ears.remove(ear)
            self.do(ear.goes())

    @rule(known=summaries, beyond=st.integers(1, 10**9))
    def ask_for_more_than_there_is(self, known: Known, beyond: int) -> None:
        async def listen() -> None:
            async with self.logs[0].listen(known.id, "alice", len(known.entries) + beyond):
                pass

        with pytest.raises(Expired if known.gone else InvalidCursor):
            self.do(listen())

    @rule(known=summaries, process=st.integers(0, 1))
    def cancel(self, known: Known, process: int) -> None:
        if not known.over and not known.gone:
            self.do(self.logs[process % self.processes].cancel(known.id, "alice"))
            known.cancelled = True
            if known.lease is not None:
                assert self.do(known.lease.happening()) is Happening.CANCELLED

    @rule(known=consumes(summaries), process=st.integers(0, 1))
    def delete(self, known: Known, process: int) -> None:
        self.finish(known)
        if not known.over or known.gone:
            return
        self.who_listens_on_hears_all()
        for _ in range(2):
            self.do(self.logs[process % self.processes].cancel(known.id, "alice"))
        self.leave(*(ear for ear in self.ears if ear.known is known))
        self.known.remove(known)
        known.gone = True
        self.is_gone(known)

    def is_gone(self, known: Known) -> None:
        for log in self.logs:
            with pytest.raises(NotFound):
                self.do(log.read(known.id, "alice"))
            with pytest.raises(Expired):
                self.do(self.enter(log, known))

    async def enter(self, log: EventLog, known: Known) -> None:
        async with log.listen(known.id, "alice", 1):
            pass

    @invariant()
    def what_is_stored_is_what_was_written(self) -> None:
        for n, known in enumerate(self.known):
            log = self.logs[(n + self.count) % self.processes]
            assert list(self.do(log.read(known.id, "alice"))) == known.entries

    @invariant()
    def who_listens_on_hears_all(self) -> None:
        for ear in self.ears:
            self.do(ear.hears(ear.known.entries))

    @invariant()
    def who_lost_the_right_writes_no_more(self) -> None:
        for known in self.known:
            for lease in known.lost[-1:]:
                with pytest.raises(Fenced):
                    self.do(lease.append(known.next(1)))


class RedisMachine(LogMachine):
    """Two processes on one server, which come and go."""

    processes = 2
    server: RedisServer

    @override
    async def open_log(self) -> EventLog:
        log = await self.stack.enter_async_context(
            RedisLog(self.server.url, grace_s=600, keep_s=600, times=replace(LASTING, look_s=0.02))
        )
        await until_reached(log)
        return log

    @override
    def teardown(self) -> None:
        super().teardown()
        self.server.empty()

    @rule(known=LogMachine.summaries)
    def hand_over(self, known: Known) -> None:
        if lease := known.writable:
            self.do(lease.hand_over())
            known.lost.append(lease)
            known.lease = None

    @rule(process=st.integers(0, 1))
    def go(self, process: int) -> None:
        """One process ends in good order, and another takes its place."""
        log = self.logs[process]
        assert isinstance(log, RedisLog)
        self.do(log.aclose())
        self.leave(*(ear for ear in self.ears if ear.process == process))
        for known in self.known:
            if known.owner == process and known.lease is not None and not known.over:
                known.lease = None
        self.logs[process] = self.do(self.open_log())

    @rule(process=st.integers(0, 1))
    def sleep_too_long(self, process: int) -> None:
        """Its lease runs out: what it wrote is not its any more."""
        log = self.logs[process]
        assert isinstance(log, RedisLog)
        self.server.forget_lease(log.node)
        for known in self.known:
            if known.owner == process and known.lease is not None and not known.over:
                known.lost.append(known.lease)
                known.lease = None
        self.do(until_reached(log))

    @precondition(lambda self: any(each.lease is None for each in self.known))
    @rule(process=st.integers(0, 1))
    def take_over(self, process: int) -> None:
        """Each once, with all that is stored; the second taker is told."""
        orphaned = {each.id: each for each in self.known if each.lease is None}

        async def take() -> None:
            orphans = self.logs[process].orphans()
            while orphaned:
                orphan = await anext(orphans)
                known = orphaned.pop(orphan.id)
                assert (list(orphan.entries), orphan.sealed) == (known.entries, b"sealed")
                assert (orphan.cancelled, orphan.taken_before) == (known.cancelled, known.taken)
                known.lease, known.owner, known.taken = orphan.lease, process, True

        self.do(take())

    @rule(known=consumes(LogMachine.summaries), part=st.sampled_from(["", ":events"]))
    def be_lost(self, known: Known, part: str) -> None:
        """Its time is over, or there was no memory for it: what is not whole is gone, for its writer too."""
        if known.gone:
            return
        self.server.evict(f"streamsum:summary:{known.id}{part}")
        self.leave(*(ear for ear in self.ears if ear.known is known))
        self.known.remove(known)
        known.gone = True
        if known.lease is not None and not known.over:
            with pytest.raises(Fenced):
                self.do(known.lease.append(known.next(1)))
        self.is_gone(known)

    @rule()
    def lose_everything(self) -> None:
        self.server.empty()
        self.leave(*self.ears)
        for known in self.known:
            self.is_gone(known)
            if lease := known.writable:
                with pytest.raises(Fenced):
                    self.do(lease.append(known.next(1)))
            known.gone = True
        self.known.clear()
        for log in self.logs:
            self.do(until_reached(log))


_SOME = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    deadline=None,  # other tests may keep the machine busy
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failure takes long to make smaller, and shows its steps as it is
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_memory_log_keeps_its_promises() -> None:
    """Whatever happens in whatever order."""
    run_state_machine_as_test(LogMachine, settings=_SOME)


@needs_redis
def test_the_redis_log_keeps_its_promises() -> None:
    """On two processes, which come, sleep and go."""
    with redis_server() as server:
        RedisMachine.server = server
        run_state_machine_as_test(RedisMachine, settings=_SOME)
