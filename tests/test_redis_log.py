"""The event log on Redis beyond what every log promises: several replicas, outages, leases, and what is left behind.

A replica's death is its way to the server being cut, and its lease being taken away: by itself that runs out once here,
where nothing else depends on it. A shared machine's pauses do not stop the clock of Redis.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from streamsum.errors import Expired, Fenced, LogDown, NotFound, SettingsError
from streamsum.runs.log import Entry, Happening, Idempotency, Joined, NewSummary, Orphan, Preview
from streamsum.runs.redis_log import RedisLog, Times
from streamsum.runs.redis_log.lease import RedisLease
from tests.logs import FIRST, LAST, SECOND, begin, collect, finish, happens, lease_of, replay, until, until_reached
from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.tcp_proxy import TcpProxy, tcp_proxy

pytestmark = needs_redis

SOON_S = 10
# Far from any lease.
AT_ONCE_S = 0.6
SHORT = Times(lease_s=60, renew_s=0.15, look_s=0.05, answer_s=0.3, hold_s=1.0, again_s=0.02)
FAILED = Entry(2, "summary.failed", b"{}", final=True)


@dataclass(frozen=True)
class Replica:
    """A log, and its way to the server."""

    log: RedisLog
    way: TcpProxy
    server: RedisServer

    def die(self) -> None:
        self.way.stall()
        self.server.forget_lease(self.log.node)


@asynccontextmanager
async def replica(server: RedisServer, *, times: Times = SHORT, grace_s: float = 10) -> AsyncIterator[Replica]:
    async with tcp_proxy(server.port) as way, asyncio.timeout(2 * SOON_S):
        url = f"redis://127.0.0.1:{way.port}"
        async with RedisLog(url, grace_s=grace_s, keep_s=600, times=times) as log:
            await until_reached(log)
            yield Replica(log, way, server)
            way.flow()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server to be harmed."""
    with redis_server() as server:
        yield server


async def next_orphan(log: RedisLog, within: float = SOON_S) -> Orphan | None:
    try:
        async with asyncio.timeout(within):
            async for orphan in log.orphans():
                return orphan
    except TimeoutError:
        pass
    return None


def sealed(id: str, **more: object) -> NewSummary:
    return NewSummary(id, "alice", "grace", sealed=b"sealed", **more)  # type: ignore[arg-type]


class TestOutages:
    async def test_an_outage_is_waited_out(self, own_redis: RedisServer) -> None:
        """The append returns when it is stored; who listens gets each event once."""
        async with replica(own_redis, times=SHORT) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None) as listener:
                await lease.append([FIRST])
                own_redis.pause()
                waiting = asyncio.create_task(lease.append([SECOND]))
                await asyncio.sleep(0.7)  # two tries time out
                assert not waiting.done()
                own_redis.resume()
                await waiting
                await lease.append([LAST], final=True)
                assert await collect(listener) == [FIRST, SECOND, LAST]

    async def test_an_outage_that_lasts_ends_writers_and_listeners(self, own_redis: RedisServer) -> None:
        """Nothing that was not stored is ever shown; both can come back when it is over."""
        async with replica(own_redis, times=SHORT) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None) as listener:
                await lease.append([FIRST])
                assert await anext(listener) == FIRST
                own_redis.pause()
                with pytest.raises(LogDown):
                    await lease.append([SECOND])
                with pytest.raises(LogDown):
                    await anext(listener)
            with pytest.raises(LogDown):
                await lease.append([LAST], final=True)  # given up is given up
            own_redis.resume()
            await until_reached(one.log)
            assert (await one.log.read("a", ""))[0] == FIRST

    async def test_while_it_lasts_nothing_can_be_had(self, own_redis: RedisServer) -> None:
        """And each call says so in its time."""
        async with replica(own_redis) as one:
            own_redis.pause()
            for call in (one.log.reach(), begin(one.log), one.log.read("a", ""), one.log.cancel("a", "")):
                async with asyncio.timeout(1):
                    with pytest.raises(LogDown):
                        await call
            async with asyncio.timeout(1):
                with pytest.raises(LogDown):
                    await replay(one.log)
            own_redis.resume()

    async def test_connections_that_break_lose_nothing(self, own_redis: RedisServer) -> None:
        """Messages that nobody got are fetched."""
        async with replica(own_redis) as one, replica(own_redis) as other:
            lease = await begin(one.log)
            async with other.log.listen("a", "", None) as listener:
                reading = asyncio.create_task(collect(listener))
                for n in range(1, 40):
                    await lease.append([Entry(n, "bullet", b"%d" % n)])
                    if n % 10 == 5:
                        (one.way if n % 20 == 5 else other.way).reset()
                await lease.append([Entry(40, "summary.completed", b"{}", final=True)], final=True)
                assert [each.n for each in await reading if isinstance(each, Entry)] == list(range(1, 41))

    async def test_a_subscription_that_is_silent_is_not_trusted(self, own_redis: RedisServer) -> None:
        """A way that has stalled looks like one on which nothing happens; a renewal's echo tells them apart."""
        async with replica(own_redis) as one, replica(own_redis) as other:
            lease = await begin(one.log)
            async with other.log.listen("a", "", None) as listener:
                other.way.stall()
                await lease.append([FIRST])
                await lease.append([SECOND])
                other.way.reset()
                other.way.flow()
                assert [await anext(listener), await anext(listener)] == [FIRST, SECOND]

    async def test_restarted_empty_it_has_lost_everything_and_says_so(self, own_redis: RedisServer) -> None:
        """No gap and no hang: writers are fenced, listeners and cursors expire, new summaries begin."""
        async with replica(own_redis) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None) as listener:
                await lease.append([FIRST])
                assert await anext(listener) == FIRST
                own_redis.stop()
                own_redis.start()
                with pytest.raises(Expired):
                    await anext(listener)
            with pytest.raises(Fenced):
                await lease.append([SECOND])
            with pytest.raises(Expired):
                await replay(one.log, 1)
            with pytest.raises(NotFound):
                await one.log.read("a", "")
            await until_reached(one.log)
            lease = await begin(one.log, "b")
            await lease.append([FIRST, SECOND, LAST], final=True)
            assert await replay(one.log, id="b") == [FIRST, SECOND, LAST]

    async def test_it_need_not_be_there_at_the_start(self, own_redis: RedisServer) -> None:
        """It is found when it comes."""
        own_redis.stop()
        async with RedisLog(own_redis.url, grace_s=10, keep_s=600, times=SHORT) as log:
            with pytest.raises(LogDown):
                await log.reach()
            with pytest.raises(LogDown):
                await begin(log)
            own_redis.start()
            async with asyncio.timeout(SOON_S):
                await until_reached(log)
                await begin(log)

    async def test_after_a_fail_over_it_goes_where_the_address_leads(self, own_redis: RedisServer) -> None:
        """Though the connections to the former primary live on, and answer."""
        with redis_server() as heir:
            async with replica(own_redis) as one:
                await asyncio.gather(*(begin(one.log, f"{n}") for n in range(5)))
                one.way.target = heir.port
                own_redis.demote()
                with pytest.raises(LogDown):
                    await one.log.reach()
                await until_reached(one.log, within=SOON_S)
                await finish(one.log)
                assert heir.last_event("a") == {"finish": "complete"}

    async def test_it_says_when_it_cannot_be_reached_and_when_it_can(
        self, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Once each, and nothing of its address."""
        caplog.set_level("INFO")
        async with replica(own_redis) as one:
            own_redis.pause()
            await asyncio.sleep(SHORT.hold_s + 2 * SHORT.answer_s)
            own_redis.resume()
            await asyncio.sleep(2 * SHORT.answer_s)
            assert str(one.way.port) not in caplog.text
        assert [record.getMessage() for record in caplog.records] == [
            "the event log cannot be reached",
            "the event log is there again",
        ]


class TestWriting:
    async def test_an_append_that_is_given_up_is_made_all_the_same(self, own_redis: RedisServer) -> None:
        """Who is interrupted while it waits has said it; the next goes on behind it."""
        async with replica(own_redis, times=SHORT) as one:
            lease = await begin(one.log)
            await lease.append([FIRST])
            own_redis.pause()
            waiting = asyncio.create_task(lease.append([SECOND]))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.wait([waiting])
            own_redis.resume()
            await lease.append([LAST], final=True)
            assert await one.log.read("a", "") == [FIRST, SECOND, LAST]

    async def test_an_answer_that_is_lost_stores_nothing_twice(self, own_redis: RedisServer) -> None:
        """What was stored already counts as done."""
        async with replica(own_redis, times=SHORT) as one:
            lease = await begin(one.log)
            await lease.append([FIRST])
            own_redis.pause()
            waiting = asyncio.create_task(lease.append([SECOND]))
            await asyncio.sleep(0.5)  # the first try has timed out, and waits in the server's socket
            own_redis.resume()
            await waiting
            await lease.append([LAST], final=True)
            assert await one.log.read("a", "") == [FIRST, SECOND, LAST]

    async def test_a_preview_may_be_lost(self, own_redis: RedisServer) -> None:
        """And holds no event up for long."""
        async with replica(own_redis) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None) as listener:
                one.way.stall()
                lease.preview(b"The fi")
                await asyncio.sleep(0)
                one.way.flow()
                await lease.append([FIRST])
                got = [await anext(listener)]
                if isinstance(got[0], Preview):
                    got.append(await anext(listener))
                assert got[-1] == FIRST


class TestReplicas:
    async def test_listeners_are_counted_over_all(self, redis: RedisServer) -> None:
        """The last one's leaving counts, wherever it was."""
        async with replica(redis, grace_s=0.2) as one, replica(redis) as other:
            lease = await begin(one.log)
            async with other.log.listen("a", "", None):
                async with one.log.listen("a", "", None):
                    pass
                assert await happens(lease, 0.5) is None
            assert await happens(lease, SOON_S) is Happening.NOBODY_LISTENS

    async def test_a_return_on_another_replica_ends_the_grace(self, redis: RedisServer) -> None:
        """As on the same."""
        async with replica(redis, grace_s=1.2) as one, replica(redis) as other:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None):
                pass
            await asyncio.sleep(0.1)
            async with other.log.listen("a", "", 0):
                assert await happens(lease, 1.5) is None

    async def test_a_deletion_is_a_mark(self, redis: RedisServer) -> None:
        """Its owner hears of it within a moment, from any replica, also when the message is lost."""
        async with replica(redis) as one, replica(redis) as other:
            lease = await begin(one.log)
            one.way.stall()
            await other.log.cancel("a", "")
            one.way.reset()
            one.way.flow()
            assert await happens(lease, SOON_S) is Happening.CANCELLED

    async def test_dead_replicas_listeners_are_not_counted(self, redis: RedisServer) -> None:
        """When its lease has run out, it is as if they had left."""
        async with replica(redis, grace_s=0.1) as one, replica(redis) as other:
            lease = await begin(one.log)
            async with other.log.listen("a", "", None):
                assert await happens(lease, 0.3) is None
                other.die()
                assert await happens(lease, SOON_S) is Happening.NOBODY_LISTENS

    async def test_a_listener_survives_its_replicas_absence(self, redis: RedisServer) -> None:
        """It is counted again when the way is free, and has missed nothing."""
        calm = Times(lease_s=60, renew_s=0.1, look_s=0.05, answer_s=5, hold_s=10)
        async with replica(redis) as one, replica(redis, times=calm) as other:
            lease = await begin(one.log, on_disconnect="finish")
            async with other.log.listen("a", "", None) as listener:
                other.die()
                await asyncio.sleep(0.8)
                await lease.append([FIRST])
                other.way.flow()
                await lease.append([SECOND])
                await lease.append([LAST], final=True)
                assert await collect(listener) == [FIRST, SECOND, LAST]

    async def test_a_process_hears_of_everything_on_one_connection(self, redis: RedisServer) -> None:
        """However many summaries it follows."""
        async with replica(redis) as one, replica(redis), AsyncExitStack() as stack:
            for n in range(20):
                await begin(one.log, f"summary-{n}")
                await stack.enter_async_context(one.log.listen(f"summary-{n}", "", None))
            assert redis.subscribers() == 2


class TestTakingOver:
    async def test_what_a_dead_replica_leaves_is_taken_over_by_one(self, redis: RedisServer) -> None:
        """With all that is stored, and what the dead one had sealed; its own writes are refused from then on."""
        async with replica(redis) as dead, replica(redis) as one, replica(redis) as other:
            lease = await lease_of(dead.log, sealed("a", total_s=60))
            await lease.append([FIRST, SECOND])
            dead.die()
            looking = [asyncio.create_task(next_orphan(each.log)) for each in (one, other)]
            (finder,), (looks_on,) = await asyncio.wait(looking, return_when=asyncio.FIRST_COMPLETED)
            orphan = finder.result()
            assert orphan
            assert (orphan.id, orphan.key, orphan.on_disconnect) == ("a", "alice", "grace")
            assert (list(orphan.entries), orphan.sealed) == ([FIRST, SECOND], b"sealed")
            assert (orphan.taken_before, orphan.cancelled, orphan.nobody_listens) == (False, False, False)
            assert 0 < orphan.age_s < SOON_S < orphan.left_s < 60
            await orphan.lease.append([LAST], final=True)
            dead.way.flow()
            with pytest.raises(Fenced):
                await lease.append([LAST], final=True)
            assert await lease.happening() is Happening.FENCED
            assert await one.log.read("a", "alice") == [FIRST, SECOND, LAST]
            _, waiting = await asyncio.wait([looks_on], timeout=20 * SHORT.look_s)
            assert waiting, "it found one too"
            looks_on.cancel()
            await asyncio.wait([looks_on])

    async def test_who_was_only_asleep_goes_on_with_new_summaries(self, redis: RedisServer) -> None:
        """A lease that ran out is never renewed: another life begins."""
        async with replica(redis, times=replace(SHORT, lease_s=1.2)) as one:
            lease = await lease_of(one.log, sealed("a"))
            one.way.stall()
            await until(lambda: redis.nodes() == [])
            one.way.flow()
            assert await happens(lease, SOON_S) is Happening.FENCED
            orphan = await next_orphan(one.log)
            assert orphan
            assert not orphan.taken_before
            await until_reached(one.log)
            await begin(one.log, "b")

    async def test_what_was_said_of_a_former_right_does_no_harm_to_the_new_one(self, redis: RedisServer) -> None:
        """A process that takes over what was its own hears late that its old life is over."""
        async with replica(redis) as one:
            former = await lease_of(one.log, sealed("a"))
            await former.append([FIRST])
            redis.forget_lease(one.log.node)
            orphan = await next_orphan(one.log)
            assert orphan
            assert isinstance(former, RedisLease)
            former.hear(b"fenced")
            await asyncio.sleep(3 * SHORT.renew_s)
            assert await happens(orphan.lease, 0) is None
            await orphan.lease.append([SECOND, LAST], final=True)
            assert redis.field("a", "claims") == "1"

    async def test_what_is_handed_over_is_taken_at_once(self, redis: RedisServer) -> None:
        """No lease need run out; the old right is gone."""
        async with replica(redis) as one, replica(redis) as other:
            lease = await lease_of(one.log, sealed("a"))
            assert lease.can_hand_over
            await lease.append([FIRST])
            waiting = asyncio.create_task(next_orphan(other.log))
            await lease.hand_over()
            async with asyncio.timeout(AT_ONCE_S):
                orphan = await waiting
            assert orphan
            assert not orphan.lease.can_hand_over
            with pytest.raises(Fenced):
                await lease.append([SECOND])

    async def test_a_log_that_closes_leaves_its_summaries_to_others(self, redis: RedisServer) -> None:
        """Its lease is given up."""
        async with replica(redis) as other:
            async with replica(redis) as one:
                lease = await lease_of(one.log, sealed("a"))
                await lease.append([FIRST])
            assert await next_orphan(other.log, AT_ONCE_S)

    async def test_the_second_taker_is_told(self, redis: RedisServer) -> None:
        """A source that kills its process must not kill the next."""
        async with replica(redis) as last:
            async with replica(redis) as second:
                async with replica(redis) as first:
                    lease = await lease_of(first.log, sealed("a"))
                    await lease.append([FIRST])
                orphan = await next_orphan(second.log)
                assert orphan
                assert not orphan.taken_before
            orphan = await next_orphan(last.log)
            assert orphan
            assert orphan.taken_before

    async def test_a_mark_outlives_the_owner(self, redis: RedisServer) -> None:
        """And who listens is known."""
        async with replica(redis) as dead, replica(redis) as one:
            lease = await lease_of(dead.log, sealed("a"))
            await lease.append([FIRST])
            dead.way.stall()
            await one.log.cancel("a", "alice")
            async with one.log.listen("a", "alice", None):
                pass
            await until(lambda: redis.listeners("a") == 0)
            dead.die()
            orphan = await next_orphan(one.log)
            assert orphan
            assert (orphan.cancelled, orphan.nobody_listens) == (True, True)
            assert await happens(orphan.lease, SOON_S) is Happening.CANCELLED

    async def test_the_seal_goes_with_the_last_event(self, redis: RedisServer) -> None:
        """What is over needs nobody."""
        async with replica(redis) as one:
            lease = await lease_of(one.log, sealed("a"))
            assert "streamsum:summary:a:request" in set(redis.keys())
            await lease.append([FIRST, SECOND, LAST], final=True)
            assert "streamsum:summary:a:request" not in set(redis.keys())
        async with replica(redis) as other:
            assert await next_orphan(other.log, 0.3) is None

    async def test_what_was_given_up_in_an_outage_is_handed_over_after_it(self, own_redis: RedisServer) -> None:
        """Also what the server had done without being able to say so: no summary is stuck."""
        async with replica(own_redis, times=SHORT) as one:
            kept = await lease_of(one.log, sealed("kept"))
            await kept.append([FIRST])
            own_redis.pause()
            named = NewSummary("lost", "", "grace", idempotency=Idempotency("order-7", "f"))
            with pytest.raises(LogDown):
                await one.log.create(named)
            with pytest.raises(LogDown):
                await kept.append([SECOND])
            with pytest.raises(LogDown):
                await kept.hand_over()
            own_redis.resume()
            orphan = await next_orphan(one.log)
            assert orphan
            assert orphan.id == "kept"
            await asyncio.sleep(2 * SHORT.renew_s)
            assert not isinstance(await one.log.create(named), Joined)


class TestLoss:
    """What the server had, and has no more: by eviction, by a restart from an older copy, by a fail-over."""

    @pytest.mark.parametrize("part", ["", ":events"])
    async def test_what_is_evicted_in_part_is_gone_as_a_whole(self, redis: RedisServer, part: str) -> None:
        """Writer, listeners here and elsewhere, and whoever comes are told; nothing is left that never expires."""
        async with replica(redis) as one, replica(redis) as other:
            lease = await begin(one.log)
            await lease.append([FIRST, SECOND])
            async with other.log.listen("a", "", 2) as there, one.log.listen("a", "", 2) as here:
                redis.evict(f"streamsum:summary:a{part}")
                for listener in (here, there):
                    with pytest.raises(Expired):
                        await anext(listener)
            assert await happens(lease, SOON_S) is Happening.FENCED
            with pytest.raises(Fenced):
                await lease.append([LAST], final=True)
            with pytest.raises(Expired):
                await replay(other.log, 2)
            with pytest.raises(NotFound):
                await other.log.read("a", "")
            assert redis.immortal() == []

    async def test_an_append_to_what_is_evicted_is_refused(self, redis: RedisServer) -> None:
        """Before anybody has looked; and its key is free."""
        calm = replace(SHORT, renew_s=30)
        async with replica(redis, times=calm) as one:
            lease = await lease_of(one.log, NewSummary("a", "", "grace", idempotency=Idempotency("order-7", "f")))
            await lease.append([FIRST])
            redis.evict("streamsum:summary:a:events")
            with pytest.raises(Fenced):
                await lease.append([SECOND])
            assert redis.keys_like("summary:a") == redis.keys_like(":key:") == []

    async def test_an_evicted_orphan_is_nobodys(self, redis: RedisServer) -> None:
        """It is not claimed again and again."""
        async with replica(redis) as one:
            lease = await lease_of(one.log, sealed("a"))
            await lease.append([FIRST])
            redis.evict("streamsum:summary:a:events")
            await lease.hand_over()
            assert await next_orphan(one.log, 0.5) is None
            assert redis.keys_like("summary:a") == []

    async def test_who_listens_is_counted_again_where_that_was_evicted(self, redis: RedisServer) -> None:
        """At the next renewal; until then it may hear nothing, and then it hears all."""
        async with replica(redis) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None) as listener:
                redis.evict("streamsum:summary:a:listeners")
                await lease.append([FIRST])
                assert await anext(listener) == FIRST
                assert redis.listeners("a") == 1

    async def test_what_was_seen_and_lost_is_told(self, tmp_path: Path) -> None:
        """Restarted from an older copy: no number is used twice, and no cursor points at another event."""
        with redis_server(str(tmp_path)) as server:
            async with replica(server) as one, replica(server) as other:
                lease = await lease_of(one.log, sealed("a"))
                await lease.append([FIRST])
                async with other.log.listen("a", "alice", None) as listener:
                    assert await anext(listener) == FIRST
                    server.save()
                    await lease.append([SECOND])
                    assert await anext(listener) == SECOND
                    server.stop()
                    server.start()
                    with pytest.raises(Expired):
                        await anext(listener)
                with pytest.raises(Fenced):
                    await lease.append([LAST], final=True)
                with pytest.raises(Expired):
                    await replay(other.log, 2)
                assert await next_orphan(other.log, 0.5) is None


class TestLeftovers:
    async def test_every_key_expires(self, redis: RedisServer) -> None:
        """From the first write on, whatever becomes of its process."""
        async with replica(redis) as one:
            named = NewSummary("a", "", "grace", idempotency=Idempotency("order-7", "f"), sealed=b"sealed")
            lease = await lease_of(one.log, named)
            async with one.log.listen("a", "", None):
                await lease.append([FIRST])
                assert redis.immortal() == []
            handed = await lease_of(one.log, sealed("b"))
            await handed.append([FIRST])
            await handed.hand_over()
            assert redis.immortal() == []

    async def test_nothing_is_left_of_what_is_gone(self, redis: RedisServer) -> None:
        """Deleted by its holder, and the process away: one short note that it was deleted."""
        async with replica(redis) as one:
            lease = await begin(one.log)
            async with one.log.listen("a", "", None):
                await lease.append([FIRST, SECOND, LAST], final=True)
            await one.log.cancel("a", "")
        assert redis.keys() == ["streamsum:summary:a:deleted"]


@pytest.mark.parametrize("url", ["redis://localhost:port", "redis://localhost/0?nonsense=1&db=x"])
async def test_an_address_that_is_none_is_told(url: str) -> None:
    """By the variable's name."""
    with pytest.raises(SettingsError, match="STREAMSUM_EVENT_LOG"):
        RedisLog(url, grace_s=1, keep_s=1)
