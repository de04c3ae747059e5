"""What every event log promises: one suite over the one in memory and the one on Redis.

Real time, and little of it; exact times are shown where the clock can jump (`test_memory_log.py`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import pytest

from streamsum.core.models import OnDisconnect
from streamsum.errors import Expired, IdempotencyConflict, InvalidCursor, LogError, NotFound
from streamsum.runs.log import MAX_LISTENERS, Entry, EventLog, Happening, Idempotency, Joined, NewSummary, Preview
from streamsum.runs.memory_log import MemoryLog
from tests.logs import FIRST, LAST, SECOND, begin, collect, finish, happens, lease_of, redis_log, replay
from tests.redis_server import RedisServer, needs_redis

FAILED = Entry(3, "summary.failed", b'{"problem": {}}', final=True)
# Redis counts it, which goes on while a shared machine stands still.
GRACE_S = 1
# Longer than anything takes that happens at all.
SOON_S = 5
# Shorter than a grace, and longer than what happens at once takes.
NOW_S = 0.15
# As a grace.
KEEP_S = 1


class Open(Protocol):
    def __call__(self, *, keep_s: float = 600) -> AbstractAsyncContextManager[EventLog]: ...


@asynccontextmanager
async def in_memory(*, keep_s: float = 600) -> AsyncIterator[EventLog]:
    log = MemoryLog(grace_s=GRACE_S, keep_s=keep_s, keep_bytes=1 << 20)
    async with asyncio.timeout(2 * SOON_S):
        yield log
    await log.aclose()


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def opened(request: pytest.FixtureRequest) -> Open:
    """A log, and no more than some seconds for all that is done with it."""
    if request.param == "memory":
        return in_memory
    server: RedisServer = request.getfixturevalue("redis")

    @asynccontextmanager
    async def on_redis(*, keep_s: float = 600) -> AsyncIterator[EventLog]:
        async with asyncio.timeout(2 * SOON_S), redis_log(server, grace_s=GRACE_S, keep_s=keep_s) as log:
            yield log

    return on_redis


# Order.


async def test_a_listener_gets_what_is_stored_then_what_comes_and_ends_after_the_final_event(opened: Open) -> None:
    """Each event exactly once, in order, whenever the listener came."""
    async with opened() as log:
        lease = await begin(log)
        await lease.append([FIRST])
        async with log.listen("a", "", None) as listener:
            assert await anext(listener) == FIRST
            reading = asyncio.create_task(collect(listener))
            await lease.append([SECOND])
            await lease.append([LAST], final=True)
            assert await reading == [SECOND, LAST]


async def test_what_is_there_can_be_had_without_waiting(opened: Open) -> None:
    """In the same order as by waiting, each once, whichever way one takes."""
    async with opened() as log:
        lease = await begin(log)
        await lease.append([FIRST, SECOND])
        async with log.listen("a", "", None) as listener:
            assert listener.here() == FIRST
            assert await anext(listener) == SECOND
            assert listener.here() is None
            await lease.append([LAST], final=True)
            assert await anext(listener) == LAST
            assert listener.here() is None
            with pytest.raises(StopAsyncIteration):
                await anext(listener)


async def test_who_gives_up_waiting_has_lost_nothing(opened: Open) -> None:
    """As a heartbeat does, or a departure."""
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None) as listener:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(listener)
            await lease.append([FIRST])
            assert await anext(listener) == FIRST


async def test_many_listeners_at_different_places_get_the_same_events(opened: Open) -> None:
    """One that keeps up, one that comes with a cursor, one that reads only at the end."""
    async with opened() as log:
        lease = await begin(log)
        await lease.append([FIRST])
        async with (
            log.listen("a", "", None) as keen,
            log.listen("a", "", 1) as returning,
            log.listen("a", "", 0) as lazy,
        ):
            reading = [asyncio.create_task(collect(keen)), asyncio.create_task(collect(returning))]
            for entry in (SECOND, LAST):
                await lease.append([entry], final=entry.final)
            assert await asyncio.gather(*reading) == [[FIRST, SECOND, LAST], [SECOND, LAST]]
            assert await collect(lazy) == [FIRST, SECOND, LAST]


async def test_a_replay_starts_after_its_cursor(opened: Open) -> None:
    """No cursor, and the cursor 0, mean from the start; the last event's number gives none."""
    async with opened() as log:
        await finish(log)
        everything = [FIRST, SECOND, LAST]
        for after, events in ((None, everything), (0, everything), (2, [LAST]), (3, [])):
            assert await replay(log, after) == events


async def test_data_is_replayed_byte_for_byte(opened: Open) -> None:
    """Whatever is in it, but a line break."""
    odd = Entry(1, "summary.created", bytes({*range(256)} - {10, 13}), final=False)
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None) as live:
            await lease.append([odd])
            assert await anext(live) == odd
        assert list(await log.read("a", "")) == [odd]


async def test_reading_gives_what_is_stored_without_waiting(opened: Open) -> None:
    """A running summary's events so far."""
    async with opened() as log:
        lease = await begin(log)
        assert list(await log.read("a", "")) == []
        await lease.append([FIRST])
        assert list(await log.read("a", "")) == [FIRST]


async def test_an_append_goes_on_from_the_last_number(opened: Open) -> None:
    """A number used twice or left out is a bug, and nothing is stored of it."""
    async with opened() as log:
        lease = await begin(log)
        await lease.append([FIRST])
        for wrong in ([FIRST], [Entry(3, "bullet", b"{}")], [SECOND, SECOND], [Entry(0, "bullet", b"{}")]):
            with pytest.raises(RuntimeError, match="without gaps"):
                await lease.append(wrong)
        assert list(await log.read("a", "")) == [FIRST]


async def test_nothing_follows_the_final_event(opened: Open) -> None:
    """An append after it is a bug."""
    async with opened() as log:
        lease = await begin(log)
        await lease.append([Entry(1, "summary.failed", b"{}", final=True)], final=True)
        with pytest.raises(RuntimeError, match="after the end"):
            await lease.append([SECOND])


async def test_the_final_append_is_the_one_with_the_final_event(opened: Open) -> None:
    """The two must agree: listeners end by the one, the log by the other."""
    async with opened() as log:
        lease = await begin(log)
        wrong: list[tuple[list[Entry], bool]] = [([FIRST], True), ([FIRST, SECOND, LAST], False), ([], True)]
        for entries, final in wrong:
            with pytest.raises(RuntimeError, match="final"):
                await lease.append(entries, final=final)


async def test_an_id_is_used_once(opened: Open) -> None:
    """Ids are random: the same one again is a bug."""
    async with opened() as log:
        await begin(log)
        with pytest.raises(RuntimeError, match="in use"):
            await begin(log)


# Previews.


async def test_previews_are_shown_live_and_never_replayed(opened: Open) -> None:
    """Who comes later sees only what is drawn from then on; an event supersedes them."""
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None) as listener:
            lease.preview(b"The first")
            assert await anext(listener) == Preview(b"The first")
            async with log.listen("a", "", None) as later:
                await lease.append([FIRST, SECOND, LAST], final=True)
                assert await collect(later) == [FIRST, SECOND, LAST]
            assert await collect(listener) == [FIRST, SECOND, LAST]


async def test_no_preview_overtakes_its_event(opened: Open) -> None:
    """However fast they follow each other."""
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None) as listener:
            reading = asyncio.create_task(collect(listener))
            for n in range(1, 50):
                lease.preview(b"%d" % n)
                await asyncio.sleep(0)
                await lease.append([Entry(n, "bullet", b"{}")])
            await lease.append([Entry(50, "summary.completed", b"{}", final=True)], final=True)
            n = 0
            for each in await reading:
                if isinstance(each, Preview):
                    assert int(each.data) == n + 1
                else:
                    n = each.n


# Cursors and keys.


async def test_a_cursor_that_no_event_has_is_invalid(opened: Open) -> None:
    """Beyond the last event, or below none."""
    async with opened() as log:
        await finish(log)
        for after in (4, 10**73, -1):
            with pytest.raises(InvalidCursor):
                await replay(log, after)


@pytest.mark.parametrize(("after", "error"), [(None, NotFound), (0, Expired), (7, Expired)])
@pytest.mark.parametrize("id", ["a", "unknown"])
async def test_another_keys_summary_is_as_one_that_does_not_exist(
    opened: Open, after: int | None, error: type[LogError], id: str
) -> None:
    """Not found without a cursor, expired with any: ids are not confirmed to strangers."""
    async with opened() as log:
        lease = await begin(log, key="alice")
        with pytest.raises(error):
            async with log.listen(id, "mallory", after):
                pass
        for ask in (log.read, log.cancel):
            with pytest.raises(NotFound):
                await ask(id, "mallory")
        assert await happens(lease, NOW_S) is None


# Policies.


@pytest.mark.parametrize(("policy", "happening"), [("cancel", True), ("grace", True), ("finish", False)])
async def test_what_the_last_listeners_leaving_does_is_the_policys(
    opened: Open, policy: OnDisconnect, happening: bool
) -> None:
    """The end at once, the end after the grace, or nothing."""
    async with opened() as log:
        lease = await begin(log, on_disconnect=policy)
        async with AsyncExitStack() as first, log.listen("a", "", None):
            await first.enter_async_context(log.listen("a", "", None))
            await first.aclose()
            assert await happens(lease, GRACE_S + NOW_S) is None
        if policy == "grace":
            assert await happens(lease, NOW_S) is None
        expected = Happening.NOBODY_LISTENS if happening else None
        assert await happens(lease, SOON_S if happening else GRACE_S + NOW_S) is expected


@pytest.mark.parametrize("policy", ["cancel", "grace", "finish"])
async def test_before_anybody_came_nobody_is_missed(opened: Open, policy: OnDisconnect) -> None:
    """Whoever only looks in has not come to listen."""
    async with opened() as log:
        lease = await begin(log, on_disconnect=policy)
        await log.read("a", "")
        assert await happens(lease, GRACE_S + NOW_S) is None


async def test_a_returning_listener_ends_the_grace(opened: Open) -> None:
    """For as long as it stays."""
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None):
            pass
        assert await happens(lease, NOW_S) is None
        async with log.listen("a", "", 0):
            assert await happens(lease, GRACE_S + NOW_S) is None
        assert await happens(lease, NOW_S) is None
        assert await happens(lease, SOON_S) is Happening.NOBODY_LISTENS


async def test_looking_in_begins_the_grace_again(opened: Open) -> None:
    """Who polls needs no open connection."""
    async with opened() as log:
        lease = await begin(log)
        async with log.listen("a", "", None):
            pass
        for _ in range(4):
            assert await happens(lease, NOW_S) is None
            await log.read("a", "")
        assert await happens(lease, SOON_S) is Happening.NOBODY_LISTENS


@pytest.mark.parametrize("policy", ["cancel", "grace"])
async def test_leaving_after_the_end_sets_nothing_off(opened: Open, policy: OnDisconnect) -> None:
    """Nor does a grace outlive the final event."""
    async with opened() as log:
        lease = await begin(log, on_disconnect=policy)
        async with log.listen("a", "", None), log.listen("a", "", None):
            await lease.append([FIRST, SECOND, LAST], final=True)
        assert await happens(lease, GRACE_S + NOW_S) is None


async def test_a_listener_that_fails_has_left(opened: Open) -> None:
    """Whatever ends the block counts."""
    async with opened() as log:
        lease = await begin(log, on_disconnect="cancel")
        with pytest.raises(ConnectionResetError):
            async with log.listen("a", "", None):
                raise ConnectionResetError
        assert await happens(lease, SOON_S) is Happening.NOBODY_LISTENS


async def test_a_sixth_listener_replaces_the_oldest(opened: Open) -> None:
    """Which ends without a final event, and sets no policy off; the others read on."""
    async with opened() as log, AsyncExitStack() as stack:
        lease = await begin(log, on_disconnect="cancel")
        await lease.append([FIRST])
        listeners = [await stack.enter_async_context(log.listen("a", "", None)) for _ in range(MAX_LISTENERS)]
        assert await anext(listeners[0]) == FIRST
        reading = asyncio.create_task(collect(listeners[0]))
        async with log.listen("a", "", 0) as sixth:
            assert await reading == []
            await lease.append([SECOND])
            await lease.append([LAST], final=True)
            for each in (*listeners[1:], sixth):
                assert await collect(each) == [FIRST, SECOND, LAST]
        assert await happens(lease, NOW_S) is None


# Cancelling.


async def test_cancelling_a_running_summary_tells_its_producer(opened: Open) -> None:
    """Twice is no error, and who waits already hears of it."""
    async with opened() as log:
        lease = await begin(log)
        waiting = asyncio.create_task(lease.happening())
        await log.cancel("a", "")
        await log.cancel("a", "")
        assert await waiting is Happening.CANCELLED
        assert await lease.happening() is Happening.CANCELLED
        await lease.append([FIRST, SECOND, LAST], final=True)


async def test_cancelling_a_finished_summary_forgets_it(opened: Open) -> None:
    """Twice is no error either; whoever is in the middle of a replay reads it to its end."""
    async with opened() as log:
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


# Idempotency.


def new(id: str, *, key: str = "", name: str = "order-7", fingerprint: str = "f") -> NewSummary:
    return NewSummary(id, key, "grace", idempotency=Idempotency(name, fingerprint))


async def test_the_same_request_joins_the_same_summary(opened: Open) -> None:
    """Running or finished; each API key has names of its own."""
    async with opened() as log:
        lease = await lease_of(log, new("a"))
        assert await log.create(new("b")) == Joined("a")
        await lease.append([FIRST, SECOND, LAST], final=True)
        assert await log.create(new("b")) == Joined("a")
        await lease_of(log, new("b", name="order-8"))
        await lease_of(log, new("c", key="alice"))


async def test_what_would_be_joined_can_be_found(opened: Open) -> None:
    """Without beginning anything, and as `create` would have it."""
    async with opened() as log:
        same = Idempotency("order-7", "f")
        assert await log.find("", same) is None
        await lease_of(log, new("a"))
        assert await log.find("", same) == Joined("a")
        assert await log.find("alice", same) is None
        with pytest.raises(IdempotencyConflict):
            await log.find("", Idempotency("order-7", "g"))


async def test_another_request_under_the_same_name_is_a_conflict(opened: Open) -> None:
    """It begins nothing."""
    async with opened() as log:
        await lease_of(log, new("a"))
        with pytest.raises(IdempotencyConflict):
            await log.create(new("b", fingerprint="g"))
        with pytest.raises(NotFound):
            await log.read("b", "")


@pytest.mark.parametrize(("events", "free"), [([FIRST, FAILED], True), ([FIRST, SECOND, FAILED], False)])
async def test_a_failure_without_a_bullet_frees_the_name(opened: Open, events: list[Entry], free: bool) -> None:
    """The next try begins anew; with a bullet there is something to come back for."""
    events = [Entry(n, each.event, each.data, each.final) for n, each in enumerate(events, 1)]
    async with opened() as log:
        lease = await lease_of(log, new("a"))
        await lease.append(events[:1])
        await lease.append(events[1:], final=True)
        assert isinstance(await log.create(new("b", fingerprint="f")), Joined) is not free
        assert len(await log.read("a", "")) == len(events)


@pytest.mark.parametrize("way", ["deleted", "not kept"])
async def test_a_name_goes_with_its_summary(opened: Open, way: str) -> None:
    """Nobody joins what is gone."""
    async with opened(keep_s=600 if way == "deleted" else 0) as log:
        lease = await lease_of(log, new("a"))
        async with log.listen("a", "", None):
            await lease.append([FIRST, SECOND, LAST], final=True)
        if way == "deleted":
            await log.cancel("a", "")
        await lease_of(log, new("b"))


# Keeping.


async def test_finished_summaries_are_kept_for_their_time(opened: Open) -> None:
    """Then a cursor has expired."""
    async with opened(keep_s=KEEP_S) as log:
        await finish(log)
        assert await replay(log, 1) == [SECOND, LAST]
        async with asyncio.timeout(2 * KEEP_S):
            with pytest.raises(NotFound):
                await keep_replaying(log)
        with pytest.raises(Expired):
            await replay(log, 1)


async def keep_replaying(log: EventLog) -> None:
    while True:
        await replay(log)
        await asyncio.sleep(NOW_S)


async def test_what_is_not_kept_is_still_heard_to_its_end(opened: Open) -> None:
    """By those who listen."""
    async with opened(keep_s=0) as log:
        lease = await begin(log)
        async with log.listen("a", "", None) as listener:
            await lease.append([FIRST, SECOND])
            await lease.append([LAST], final=True)
            assert await collect(listener) == [FIRST, SECOND, LAST]
        with pytest.raises(NotFound):
            await log.read("a", "")


# Going.


@pytest.mark.parametrize("policy", ["cancel", "grace"])
async def test_letting_go_ends_every_listener_and_sets_nothing_off(opened: Open, policy: OnDisconnect) -> None:
    """Each reads what is there first."""
    async with opened() as log:
        lease = await begin(log, on_disconnect=policy)
        await lease.append([FIRST])
        async with log.listen("a", "", None) as listener:
            log.let_go()
            assert await collect(listener) == [FIRST]
        assert await happens(lease, GRACE_S + NOW_S) is None


async def test_a_log_that_is_there_can_be_reached(opened: Open) -> None:
    """A new summary could begin."""
    async with opened() as log:
        await log.reach()
