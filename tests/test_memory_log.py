"""The event log in memory: order, cursors, policies, and what is kept."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from streamsum.core.models import OnDisconnect
from streamsum.errors import Expired, InvalidCursor, LogError, NotFound
from streamsum.runs.history import ENTRY_BYTES, HISTORY_BYTES
from streamsum.runs.log import Entry, EventLog, Happening, Lease, Listener, NewSummary, Preview
from streamsum.runs.memory_log import MAX_DELETED, MemoryLog
from tests.jumping_clock import in_jumping_time, now, settle, timers

FIRST = Entry(1, "summary.created", b"{}")
SECOND = Entry(2, "bullet", b'{"index": 0}')
LAST = Entry(3, "summary.completed", b'{"finish": "complete"}', final=True)
WEIGHT = HISTORY_BYTES + 3 * ENTRY_BYTES + sum(len(entry.data) for entry in (FIRST, SECOND, LAST))


def a_log(*, grace_s: float = 10, keep_s: float = 600, keep_bytes: int = 1 << 20) -> MemoryLog:
    return MemoryLog(grace_s=grace_s, keep_s=keep_s, keep_bytes=keep_bytes)


async def begin(log: EventLog, id: str = "a", *, key: str = "", on_disconnect: OnDisconnect = "grace") -> Lease:
    return await log.create(NewSummary(id=id, key=key, on_disconnect=on_disconnect))


async def finish(log: EventLog, id: str = "a") -> None:
    """A whole summary, written and over."""
    lease = await begin(log, id)
    await lease.append([FIRST, SECOND])
    await lease.append([LAST], final=True)


async def collect(listener: Listener) -> list[Entry | Preview]:
    return [each async for each in listener]


async def replay(log: EventLog, after: int | None = None, *, id: str = "a") -> list[Entry | Preview]:
    async with log.listen(id, "", after) as listener:
        return await collect(listener)


async def happens(lease: Lease, within: float = 1e6) -> Happening | None:
    try:
        async with asyncio.timeout(within):
            return await lease.happening()
    except TimeoutError:
        return None


# Order.


@in_jumping_time
async def test_a_listener_gets_what_is_stored_then_what_comes_and_ends_after_the_final_event() -> None:
    """Each event exactly once, in order, whenever the listener came."""
    log = a_log()
    lease = await begin(log)
    await lease.append([FIRST])
    async with log.listen("a", "", None) as listener:
        assert await anext(listener) == FIRST
        reading = asyncio.create_task(collect(listener))
        await settle()
        await lease.append([SECOND])
        await settle()
        await lease.append([LAST], final=True)
        assert await reading == [SECOND, LAST]


@in_jumping_time
async def test_many_listeners_at_different_places_get_the_same_events() -> None:
    """One that keeps up, one that comes with a cursor, one that reads only at the end."""
    log = a_log()
    lease = await begin(log)
    await lease.append([FIRST])
    async with log.listen("a", "", None) as keen, log.listen("a", "", 1) as returning, log.listen("a", "", 0) as lazy:
        reading = [asyncio.create_task(collect(keen)), asyncio.create_task(collect(returning))]
        for entry in (SECOND, LAST):
            await settle()
            await lease.append([entry], final=entry.final)
        assert await asyncio.gather(*reading) == [[FIRST, SECOND, LAST], [SECOND, LAST]]
        assert await collect(lazy) == [FIRST, SECOND, LAST]


@pytest.mark.parametrize(
    ("after", "events"), [(None, [FIRST, SECOND, LAST]), (0, [FIRST, SECOND, LAST]), (2, [LAST]), (3, [])]
)
@in_jumping_time
async def test_a_replay_starts_after_its_cursor(after: int | None, events: list[Entry]) -> None:
    """No cursor, and the cursor 0, mean from the start; the last event's number gives none."""
    log = a_log()
    await finish(log)
    assert await replay(log, after) == events


@in_jumping_time
async def test_reading_gives_what_is_stored_without_waiting() -> None:
    """A running summary's events so far."""
    log = a_log()
    lease = await begin(log)
    await lease.append([FIRST])
    assert await log.read("a", "") == (FIRST,)


@pytest.mark.parametrize("wrong", [[FIRST], [Entry(3, "bullet", b"{}")], [SECOND, SECOND], [Entry(0, "bullet", b"{}")]])
@in_jumping_time
async def test_an_append_goes_on_from_the_last_number(wrong: list[Entry]) -> None:
    """A number used twice or left out is a bug, and nothing is stored of it."""
    log = a_log()
    lease = await begin(log)
    await lease.append([FIRST])
    with pytest.raises(RuntimeError, match="without gaps"):
        await lease.append(wrong)
    assert await log.read("a", "") == (FIRST,)


@in_jumping_time
async def test_nothing_follows_the_final_event() -> None:
    """An append after it is a bug."""
    log = a_log()
    lease = await begin(log)
    await lease.append([Entry(1, "summary.failed", b"{}", final=True)], final=True)
    with pytest.raises(RuntimeError, match="after the end"):
        await lease.append([SECOND])


@pytest.mark.parametrize(("entries", "final"), [([FIRST], True), ([FIRST, SECOND, LAST], False), ([], True)])
@in_jumping_time
async def test_the_final_append_is_the_one_with_the_final_event(entries: list[Entry], final: bool) -> None:
    """The two must agree: listeners end by the one, the log by the other."""
    lease = await begin(a_log())
    with pytest.raises(RuntimeError, match="final"):
        await lease.append(entries, final=final)


@in_jumping_time
async def test_an_id_is_used_once() -> None:
    """Ids are random: the same one again is a bug."""
    log = a_log()
    await begin(log)
    with pytest.raises(RuntimeError, match="in use"):
        await begin(log)


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


@in_jumping_time
async def test_previews_are_never_replayed() -> None:
    """Who comes later sees only what is drawn from then on."""
    log = a_log()
    lease = await begin(log)
    lease.preview(b"The first")
    async with log.listen("a", "", None) as listener:
        lease.preview(b"The first b")
        assert await anext(listener) == Preview(b"The first b")
    async with log.listen("a", "", None) as later:
        await lease.append([FIRST, SECOND, LAST], final=True)
        assert await collect(later) == [FIRST, SECOND, LAST]


# Cursors and keys.


@pytest.mark.parametrize("after", [4, 10**30, -1])
@in_jumping_time
async def test_a_cursor_that_no_event_has_is_invalid(after: int) -> None:
    """Beyond the last event, or below none."""
    log = a_log()
    await finish(log)
    with pytest.raises(InvalidCursor):
        await replay(log, after)


@pytest.mark.parametrize(("after", "error"), [(None, NotFound), (0, Expired), (7, Expired)])
@pytest.mark.parametrize("id", ["a", "unknown"])
@in_jumping_time
async def test_another_keys_summary_is_as_one_that_does_not_exist(
    after: int | None, error: type[LogError], id: str
) -> None:
    """Not found without a cursor, expired with any: ids are not confirmed to strangers."""
    log = a_log()
    lease = await begin(log, key="alice")
    with pytest.raises(error):
        async with log.listen(id, "mallory", after):
            pass
    for ask in (log.read, log.cancel):
        with pytest.raises(NotFound):
            await ask(id, "mallory")
    assert await happens(lease) is None


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


@pytest.mark.parametrize("policy", ["cancel", "grace", "finish"])
@in_jumping_time
async def test_before_anybody_came_nobody_is_missed(policy: OnDisconnect) -> None:
    """Whoever only looks in has not come to listen."""
    log = a_log()
    lease = await begin(log, on_disconnect=policy)
    await log.read("a", "")
    assert await happens(lease) is None


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


@pytest.mark.parametrize("policy", ["cancel", "grace"])
@in_jumping_time
async def test_an_excused_listener_sets_nothing_off(policy: OnDisconnect) -> None:
    """A connection that we end ourselves is not its client's leaving."""
    log = a_log()
    lease = await begin(log, on_disconnect=policy)
    async with log.listen("a", "", None) as listener:
        listener.excuse()
    assert await happens(lease) is None
    async with log.listen("a", "", None):
        pass
    assert await happens(lease) is Happening.NOBODY_LISTENS


@pytest.mark.parametrize("policy", ["cancel", "grace"])
@in_jumping_time
async def test_leaving_after_the_end_sets_nothing_off(policy: OnDisconnect) -> None:
    """Nor does a grace outlive the final event."""
    log = a_log()
    lease = await begin(log, on_disconnect=policy)
    async with log.listen("a", "", None), log.listen("a", "", None):
        await lease.append([FIRST, SECOND, LAST], final=True)
    assert await happens(lease) is None

    lease = await begin(log, "b", on_disconnect="grace")
    async with log.listen("b", "", None):
        pass
    await lease.append([FIRST, SECOND, LAST], final=True)
    assert await happens(lease) is None


@in_jumping_time
async def test_a_listener_that_fails_has_left() -> None:
    """Whatever ends the block counts."""
    log = a_log()
    lease = await begin(log, on_disconnect="cancel")
    with pytest.raises(ConnectionResetError):
        async with log.listen("a", "", None):
            raise ConnectionResetError
    assert await happens(lease) is Happening.NOBODY_LISTENS


# Cancelling.


@in_jumping_time
async def test_cancelling_a_running_summary_tells_its_producer() -> None:
    """Twice is no error, and who waits already hears of it."""
    log = a_log()
    lease = await begin(log)
    waiting = asyncio.create_task(lease.happening())
    await settle()
    await log.cancel("a", "")
    await log.cancel("a", "")
    assert await waiting is Happening.CANCELLED
    assert await lease.happening() is Happening.CANCELLED


@in_jumping_time
async def test_cancelling_a_finished_summary_forgets_it() -> None:
    """Twice is no error either; whoever is in the middle of a replay reads it to its end."""
    log = a_log()
    await finish(log)
    async with log.listen("a", "", None) as listener:
        assert await anext(listener) == FIRST
        await log.cancel("a", "")
        await log.cancel("a", "")
        assert await collect(listener) == [SECOND, LAST]
    with pytest.raises(NotFound):
        await log.read("a", "")
    with pytest.raises(Expired):
        await replay(log, 1)
    with pytest.raises(NotFound):
        await log.cancel("a", "mallory")


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
