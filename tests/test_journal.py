"""runs/journal.py: a summary's events on their way into the log."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from typing_extensions import override

from streamsum.core.events import Bullet, Event
from streamsum.errors import LogDown
from streamsum.runs.account import Account
from streamsum.runs.journal import Journal
from streamsum.runs.log import Entry, Happening, Joined, NewSummary
from streamsum.runs.memory_log import MemoryLog
from streamsum.telemetry.observing import Observer
from tests.jumping_clock import in_jumping_time, now

BULLETS = [Bullet(index=n, text=text) for n, text in enumerate(["The first.", "The second."])]


class Heard(Observer):
    """What was offered, by number, and what was stored, by index."""

    def __init__(self) -> None:
        self.offered: list[int] = []
        self.stored: list[int] = []

    @override
    def note_offered(self, events: Sequence[Event], *, first: int) -> None:
        self.offered += range(first, first + len(events))

    @override
    def note_stored(self, events: Sequence[Event]) -> None:
        self.stored += [event.index for event in events if isinstance(event, Bullet)]


class Away:
    """A log that cannot be reached: who waits for `hold_s` is told; what was said stays said, as with Redis."""

    can_hand_over = False

    def __init__(self, *, hold_s: float = 0) -> None:
        self.said: list[int] = []
        self.hold_s = hold_s
        self.back = False

    def append_now(self, entries: Sequence[Entry]) -> bool:
        """Who is away cannot."""
        return False

    async def append(self, entries: Sequence[Entry], *, final: bool = False) -> None:
        self.said += [entry.n for entry in entries]
        if not self.back:
            await asyncio.sleep(self.hold_s)
            raise LogDown

    def preview(self, data: bytes) -> None:
        """Nobody looks."""

    async def hand_over(self) -> None:
        """To nobody."""

    async def happening(self) -> Happening:
        raise AssertionError


@in_jumping_time
async def test_a_bullet_whose_wait_is_interrupted_is_written() -> None:
    """The log holds, and stores it before what comes next: so it has its time."""
    account, lease, heard = Account(admitted=now()), Away(hold_s=5), Heard()
    journal = Journal(lease, n=1, account=account, observer=heard)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await journal.write(BULLETS[0])
    assert heard.stored == []
    lease.back = True
    await journal.write(BULLETS[1])
    assert lease.said == heard.offered == [2, 3]
    assert heard.stored == [0, 1]
    assert account.bill().timing.first_bullet_ms == 1000


@in_jumping_time
async def test_a_bullet_that_is_not_stored_is_not_counted() -> None:
    """Whoever takes the summary over makes another in its place, and counts that."""
    heard = Heard()
    journal = Journal(Away(), n=1, account=Account(admitted=now()), observer=heard)
    with pytest.raises(LogDown):
        await journal.write(*BULLETS)
    assert (heard.offered, heard.stored) == ([2, 3], [])


async def test_a_log_that_stores_at_once_needs_no_wait() -> None:
    """All that is noted, in order and once; what comes later goes on from there."""
    log = MemoryLog(grace_s=0, keep_s=60, keep_bytes=10**6)
    lease = await log.create(NewSummary(id="s", key="", on_disconnect="finish"))
    assert not isinstance(lease, Joined)
    account, heard = Account(admitted=now()), Heard()
    journal = Journal(lease, n=0, account=account, observer=heard)
    journal.note(BULLETS[:1])
    journal.note(BULLETS[1:])
    assert journal.write_now()
    assert heard.offered == [1, 2]
    assert account.bill().timing.first_bullet_ms is not None
    await journal.write()
    assert heard.stored == [0, 1]
    assert journal.write_now()
    await journal.write(BULLETS[0], final=True)
    assert heard.stored == [0, 1, 0]
    entries = await log.read("s", "")
    assert [(entry.n, entry.final) for entry in entries] == [(1, False), (2, False), (3, True)]
    assert [json.loads(entry.data)["index"] for entry in entries] == [0, 1, 0]
    await log.aclose()


async def test_listeners_have_their_turn_before_it_is_counted() -> None:
    """A bullet need not wait for our figures; they wait for nobody else."""
    log, heard = MemoryLog(grace_s=0, keep_s=60, keep_bytes=10**6), Heard()
    lease = await log.create(NewSummary(id="s", key="", on_disconnect="finish"))
    assert not isinstance(lease, Joined)
    journal = Journal(lease, n=0, account=Account(admitted=now()), observer=heard)
    counted_when_heard: list[int] = []

    async def listen() -> None:
        async with log.listen("s", "", 0) as listener:
            await anext(listener)
            counted_when_heard.extend(heard.stored)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    journal.note(BULLETS[:1])
    assert journal.write_now()
    await listening
    assert counted_when_heard == []
    await asyncio.sleep(0)
    assert heard.stored == [0]
    await log.aclose()


@in_jumping_time
async def test_a_log_that_is_away_is_waited_for() -> None:
    """What is noted stays so until it is written."""
    lease, heard = Away(), Heard()
    lease.back = True
    journal = Journal(lease, n=1, account=Account(admitted=now()), observer=heard)
    journal.note(BULLETS)
    assert not journal.write_now()
    assert (lease.said, heard.stored) == ([], [])
    await journal.write()
    assert (lease.said, heard.stored) == ([2, 3], [0, 1])


@in_jumping_time
async def test_nothing_overtakes_what_may_be_stored_or_not() -> None:
    """Though the log would take it at once."""

    class Back(Away):
        @override
        def append_now(self, entries: Sequence[Entry]) -> bool:
            raise AssertionError

    lease = Back()
    journal = Journal(lease, n=1, account=Account(admitted=now()), observer=Heard())
    with pytest.raises(LogDown):
        await journal.write(BULLETS[0])
    journal.note(BULLETS[1:])
    assert not journal.write_now()
    lease.back = True
    await journal.write()
    assert lease.said == [2, 3]
