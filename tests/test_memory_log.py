"""The event log in memory: exact times, and what is kept. What every log promises is in `test_event_log.py`."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from streamsum.core.models import OnDisconnect
from streamsum.errors import Expired, NotFound
from streamsum.runs.history import ENTRY_BYTES, HISTORY_BYTES
from streamsum.runs.log import Entry, Happening, Preview
from streamsum.runs.memory_log import MAX_DELETED, MemoryLog
from tests.jumping_clock import in_jumping_time, now, settle, timers
from tests.logs import FIRST, LAST, SECOND, begin, collect, finish, happens, replay

WEIGHT = HISTORY_BYTES + 3 * ENTRY_BYTES + sum(len(entry.data) for entry in (FIRST, SECOND, LAST))


def a_log(*, grace_s: float = 10, keep_s: float = 600, keep_bytes: int = 1 << 20) -> MemoryLog:
    return MemoryLog(grace_s=grace_s, keep_s=keep_s, keep_bytes=keep_bytes)


# Previews.


@in_jumping_time
async def test_who_is_behind_sees_only_the_newest_preview() -> None:
    """The slot is overwritten, and shown once."""
    log = a_log()
    lease = await begin(log)
    async with log.listen("a", "", None) as listener:
        lease.preview(b"The fi")
        lease.preview(b"The first")
        assert await anext(listener) == Preview(b"The first")
        reading = asyncio.create_task(collect(listener))
        await settle()
        assert not reading.done()
        await lease.append([FIRST, SECOND, LAST], final=True)
        assert await reading == [FIRST, SECOND, LAST]


@in_jumping_time
async def test_an_event_supersedes_the_preview() -> None:
    """What was open when the preview was drawn is closed."""
    log = a_log()
    lease = await begin(log)
    async with log.listen("a", "", None) as listener:
        lease.preview(b"The first")
        await lease.append([FIRST, SECOND, LAST], final=True)
        assert await collect(listener) == [FIRST, SECOND, LAST]


@in_jumping_time
async def test_what_is_handed_over_lets_its_listeners_go() -> None:
    """Without a final event; what is stored can still be read, and is kept no longer than other summaries."""
    log = a_log(keep_s=60)
    lease = await begin(log)
    async with log.listen("a", "", None) as listener:
        await lease.append([FIRST])
        await lease.hand_over()
        await lease.hand_over()
        assert await collect(listener) == [FIRST]
    assert await replay(log) == [FIRST]
    await asyncio.sleep(61)
    with pytest.raises(NotFound):
        await log.read("a", "")


# Policies.


@pytest.mark.parametrize(("policy", "after"), [("cancel", 0), ("grace", 10), ("finish", None)])
@in_jumping_time
async def test_what_the_last_listeners_leaving_does_is_the_policys(policy: OnDisconnect, after: float | None) -> None:
    """The end at once, the end after the grace, or nothing."""
    log = a_log(grace_s=10)
    lease = await begin(log, on_disconnect=policy)
    async with AsyncExitStack() as first, log.listen("a", "", None):
        await first.enter_async_context(log.listen("a", "", None))
        await first.aclose()
        assert await happens(lease, 100) is None
    left = now()
    assert await happens(lease) == (None if after is None else Happening.NOBODY_LISTENS)
    assert after is None or now() - left == pytest.approx(after, abs=0.001)


@in_jumping_time
async def test_a_returning_listener_ends_the_grace() -> None:
    """Just in time, and for as long as it stays."""
    log = a_log(grace_s=10)
    lease = await begin(log)
    async with log.listen("a", "", None):
        pass
    assert await happens(lease, 9.9) is None
    async with log.listen("a", "", 0):
        assert await happens(lease, 1000) is None
    assert await happens(lease, 9.9) is None
    assert await happens(lease, 0.2) is Happening.NOBODY_LISTENS


@in_jumping_time
async def test_looking_in_begins_the_grace_again() -> None:
    """Who polls needs no open connection."""
    log = a_log(grace_s=10)
    lease = await begin(log)
    async with log.listen("a", "", None):
        pass
    for _ in range(5):
        assert await happens(lease, 9.9) is None
        await log.read("a", "")
    assert await happens(lease, 10.1) is Happening.NOBODY_LISTENS


# Cancelling.


@in_jumping_time
async def test_only_the_last_deletions_are_remembered() -> None:
    """A bound on what a deleted summary still costs."""
    log = a_log()
    for n in range(MAX_DELETED + 1):
        await finish(log, str(n))
        await log.cancel(str(n), "")
    await log.cancel("1", "")
    with pytest.raises(NotFound):
        await log.cancel("0", "")


# Keeping.


@in_jumping_time
async def test_finished_summaries_are_kept_for_their_time() -> None:
    """Each from its own end, also when nothing else happens; then a cursor has expired."""
    log = a_log(keep_s=600)
    await finish(log, "a")
    await asyncio.sleep(400)
    await finish(log, "b")
    await asyncio.sleep(199)
    assert await replay(log, id="a") == [FIRST, SECOND, LAST]
    await asyncio.sleep(2)
    with pytest.raises(NotFound):
        await replay(log, id="a")
    with pytest.raises(Expired):
        await replay(log, 1, id="a")
    assert await replay(log, 2, id="b") == [LAST]
    await asyncio.sleep(400)
    with pytest.raises(Expired):
        await replay(log, 1, id="b")


@in_jumping_time
async def test_running_summaries_are_kept_for_ever() -> None:
    """The limits are for the finished ones."""
    log = a_log(keep_s=1, keep_bytes=0)
    lease = await begin(log)
    await lease.append([FIRST])
    await asyncio.sleep(1000)
    assert await log.read("a", "") == (FIRST,)


@in_jumping_time
async def test_the_oldest_are_forgotten_first() -> None:
    """All kept ones together are within the limit, to the byte."""
    log = a_log(keep_bytes=2 * WEIGHT)
    for id in "abc":
        await finish(log, id)
    with pytest.raises(Expired):
        await replay(log, 1, id="a")
    assert await replay(log, 2, id="b") == await replay(log, 2, id="c") == [LAST]


@in_jumping_time
async def test_one_that_is_too_big_alone_leaves_the_others_be() -> None:
    """It is forgotten at once; nothing is won by forgetting the others."""
    log = a_log(keep_bytes=WEIGHT)
    await finish(log, "a")
    lease = await begin(log, "b")
    await lease.append([Entry(1, "summary.failed", b"x" * WEIGHT, final=True)], final=True)
    with pytest.raises(Expired):
        await replay(log, 1, id="b")
    assert await replay(log, 2, id="a") == [LAST]


@pytest.mark.parametrize(("keep_s", "keep_bytes"), [(0, 1 << 20), (600, 0)])
@in_jumping_time
async def test_nothing_may_be_kept(keep_s: float, keep_bytes: int) -> None:
    """Who listens is served to the end all the same."""
    log = a_log(keep_s=keep_s, keep_bytes=keep_bytes)
    lease = await begin(log)
    async with log.listen("a", "", None) as listener:
        await lease.append([FIRST, SECOND, LAST], final=True)
        assert await collect(listener) == [FIRST, SECOND, LAST]
    with pytest.raises(NotFound):
        await log.cancel("a", "")


# Closing.


@in_jumping_time
async def test_closing_forgets_everything_and_leaves_no_timer() -> None:
    """Listeners' iterations end."""
    log = a_log()
    await finish(log, "done")
    await begin(log, "left")
    async with log.listen("left", "", None):
        pass
    assert timers() == 2
    await begin(log, "live")
    async with log.listen("live", "", None) as listener:
        reading = asyncio.create_task(collect(listener))
        await settle()
        await log.aclose()
        assert await reading == []
    for id in ("done", "left", "live"):
        with pytest.raises(NotFound):
            await log.read(id, "")
    assert timers() == 0
