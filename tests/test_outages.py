"""The event log's server away, as clients see it: threats.md, *The ground*; states.md, HOLD. Over real HTTP.

Its clocks are quicker than in life: an outage of 5 s is one of `hold_s` here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streamsum.runs.redis_log import RedisLog, Times
from tests.logs import until_reached
from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.scripted import ScriptedUpstream, Step
from tests.servers import LIMIT_S, RawClient, Served, events_of, get, post, raw_client, served

pytestmark = [needs_redis, pytest.mark.slow]

# No lease runs out: it goes by the clock of Redis, which a shared machine's pauses do not stop.
QUICK = Times(lease_s=60, renew_s=0.3, look_s=0.1, answer_s=1, hold_s=3, again_s=0.02)
HEAD = '{"bullets": [{"text": "The first."}'
MORE = ', {"text": "The second."}'
REST = ', {"text": "The third."}]}'
BODY = {"text": "Nothing much happened.", "on_disconnect": "finish"}


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server to be harmed."""
    with redis_server() as server:
        yield server


@asynccontextmanager
async def replica(
    server: RedisServer, *script: Step, times: Times = QUICK, limit_s: float = LIMIT_S
) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    upstream = ScriptedUpstream(script=script)
    async with (
        RedisLog(server.url, grace_s=10, keep_s=600, times=times) as log,
        served(upstream, log=log, limit_s=limit_s) as at,
    ):
        yield at, upstream


@asynccontextmanager
async def running(
    server: RedisServer, *script: Step, **how: Any
) -> AsyncIterator[tuple[Served, ScriptedUpstream, RawClient, str]]:
    """A summary whose first bullet is here: its replica, its model, its client, its path."""
    async with replica(server, *script, **how) as (at, upstream):
        await until_reached(at.service.log)
        async with raw_client(at.port) as client:
            await client.send(post(BODY))
            _, headers = await client.head()
            await client.reader.readuntil(b"The first.")
            yield at, upstream, client, headers["location"]


async def unended(client: RawClient, upstream: ScriptedUpstream) -> bytes:
    """What the client is still sent, up to the end of its connection, without a last event; the model is hung up."""
    rest = await client.reader.readuntil(b"0\r\n\r\n")
    await upstream.closed.wait()
    assert b"summary." not in rest
    return rest


def texts_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "bullet"]


def is_problem(response: httpx2.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert status != 503 or int(response.headers["retry-after"]) > 0


async def test_a_short_outage_is_waited_out(own_redis: RedisServer) -> None:
    """The model is not read meanwhile, nobody's connection ends, and nothing is lost; an event is seen when stored."""
    async with running(own_redis, HEAD, gate := asyncio.Event(), MORE, 0.05, REST) as (at, upstream, client, path):
        own_redis.pause()
        gate.set()
        seen = asyncio.create_task(client.reader.readuntil(b"summary.completed"))
        await asyncio.sleep(0.4 * QUICK.hold_s)
        assert not seen.done()
        assert upstream.open == 1
        own_redis.resume()
        assert b"The second." in await seen
        assert len(events_of(await at.client.get(f"{path}/events"))) == 5


async def test_a_long_outage_ends_the_summary_and_its_connections(own_redis: RedisServer) -> None:
    """Upstream closed, body ended without a last event, and what was not stored was not sent; resumes are put off."""
    async with running(own_redis, HEAD, gate := asyncio.Event(), MORE, asyncio.Event()) as (at, upstream, client, path):
        own_redis.pause()
        gate.set()
        async with asyncio.timeout(4 * QUICK.hold_s):
            assert b"The second." not in await unended(client, upstream)
        resumed = await at.client.get(f"{path}/events", headers={"Last-Event-ID": f"{path[-22:]}:2"})
        assert (resumed.status_code, resumed.content) == (200, b"retry: 2000\n")
        own_redis.resume()
        await until_reached(at.service.log)
        # Who comes back finds what the log holds: it was taken over, and could not be gone on with.
        events = events_of(await at.client.get(f"{path}/events"))
        assert [event["type"] for event in events[:2]] == ["summary.created", "bullet"]
        assert events[-1]["ledger"]["finish"] == "producer_lost"


async def test_outages_of_three_and_of_eight_seconds_by_the_clocks_of_life(own_redis: RedisServer) -> None:
    """One is waited out by everybody; the other by nobody: over before it is, within a moment of the five seconds."""
    script = (HEAD, short := asyncio.Event(), MORE, long := asyncio.Event(), ', {"text": "Unseen."}', asyncio.Event())
    now = asyncio.get_running_loop().time
    async with running(own_redis, *script, times=Times(), limit_s=40) as (at, upstream, client, path):
        own_redis.pause()
        short.set()
        seen = asyncio.create_task(client.reader.readuntil(b"The second."))
        await asyncio.sleep(3)
        assert (seen.done(), upstream.open) == (False, 1)
        own_redis.resume()
        assert b"summary." not in await seen
        await until_reached(at.service.log)  # what was sent again is answered too
        own_redis.pause()
        paused = now()
        long.set()
        assert b"Unseen." not in await unended(client, upstream)
        assert 4 < now() - paused < 8
        await asyncio.sleep(paused + 8 - now())
        own_redis.resume()
        await until_reached(at.service.log)
        events = events_of(await at.client.get(f"{path}/events"))
        # The third was given up, and may have waited in the server's socket: stored, but never sent before.
        assert texts_of(events)[:2] == ["The first.", "The second."]
        assert texts_of(events)[2:] in ([], ["Unseen."])
        assert events[-1]["ledger"]["finish"] == "producer_lost"


async def test_while_it_is_away_nothing_new_begins(own_redis: RedisServer) -> None:
    """Each is told so in its time, with a status; the process is alive, and ready when the server is back."""
    async with replica(own_redis, HEAD, REST) as (at, upstream):
        await until_reached(at.service.log)
        own_redis.pause()
        async with asyncio.timeout(LIMIT_S):
            is_problem(await at.client.get("/readyz"), 503, "log_unavailable")
            for request in (
                at.client.post("/v1/summaries", json=BODY),
                at.client.get("/stream", params={"q": "A text."}),
                at.client.get(f"/v1/summaries/{'x' * 22}"),
                at.client.delete(f"/v1/summaries/{'x' * 22}"),
            ):
                is_problem(await request, 503, "log_unavailable")
        assert (await at.client.get("/healthz")).status_code == 200
        assert upstream.prompts == []
        own_redis.resume()
        await until_reached(at.service.log)
        assert (await at.client.get("/readyz")).status_code == 200
        assert len(events_of(await at.client.post("/v1/summaries", json=BODY))) == 4


async def test_restarted_empty_what_is_gone_is_told(own_redis: RedisServer) -> None:
    """410 for a cursor, 404 without; the running summary ends, its client's connection too: no hang, and no gap."""
    async with running(own_redis, HEAD, gate := asyncio.Event(), REST) as (at, upstream, client, path):
        own_redis.stop()
        own_redis.start()
        async with asyncio.timeout(LIMIT_S):
            await unended(client, upstream)
        gate.set()
        behind = {"Last-Event-ID": f"{path[-22:]}:2"}
        for where in (f"{path}/events", "/stream?q=a"):
            is_problem(await at.client.get(where, headers=behind), 410, "expired")
        is_problem(await at.client.get(path), 404, "not_found")
        await until_reached(at.service.log)
        assert len(events_of(await at.client.post("/v1/summaries", json=BODY))) == 4


async def test_restarted_with_less_what_was_lost_is_told(tmp_path: Path) -> None:
    """As a server that saves now and then comes back: an event that a client has seen is gone, and so is the rest."""
    with redis_server(str(tmp_path)) as server:
        async with running(server, HEAD, gate := asyncio.Event(), MORE, last := asyncio.Event(), REST) as (
            at,
            upstream,
            client,
            path,
        ):
            server.save()
            gate.set()
            await client.reader.readuntil(b"The second.")
            server.stop()
            server.start()
            last.set()
            async with asyncio.timeout(LIMIT_S):
                assert b"The third." not in await unended(client, upstream)
            for n in (2, 3):
                response = await at.client.get(f"{path}/events", headers={"Last-Event-ID": f"{path[-22:]}:{n}"})
                is_problem(response, 410, "expired")
            is_problem(await at.client.get(path), 404, "not_found")


async def test_full_it_is_as_if_away(own_redis: RedisServer) -> None:
    """Not ready; what runs holds, then ends its connections; what cannot be handed over for want of room is, later."""
    async with (
        running(own_redis, HEAD, gate := asyncio.Event(), MORE, asyncio.Event()) as (at, upstream, client, path),
        replica(own_redis) as (other, _),
        raw_client(other.port) as elsewhere,
    ):
        await until_reached(other.service.log)
        await elsewhere.send(get(f"{path}/events"))
        await elsewhere.reader.readuntil(b"The first.")
        own_redis.fill()
        gate.set()
        async with asyncio.timeout(4 * QUICK.hold_s):
            for each in (client, elsewhere):
                assert b"The second." not in await unended(each, upstream)
        is_problem(await at.client.get("/readyz"), 503, "log_unavailable")
        is_problem(await at.client.post("/v1/summaries", json=BODY), 503, "log_unavailable")
        assert (await at.client.get(path)).json()["status"] == "running"
        own_redis.fill(up=False)
        events = events_of(await at.client.get(f"{path}/events"))
        assert events[-1]["ledger"]["finish"] == "producer_lost"
        assert (await at.client.get("/readyz")).status_code == 200


async def test_not_there_at_the_start_it_is_found_later(own_redis: RedisServer) -> None:
    """The service starts, and says that it is not ready."""
    own_redis.stop()
    async with replica(own_redis, HEAD, REST) as (at, _):
        is_problem(await at.client.get("/readyz"), 503, "log_unavailable")
        is_problem(await at.client.post("/v1/summaries", json=BODY), 503, "log_unavailable")
        own_redis.start()
        async with asyncio.timeout(LIMIT_S):
            await until_reached(at.service.log)
        assert len(events_of(await at.client.post("/v1/summaries", json=BODY))) == 4


async def test_a_deletion_in_an_outage_can_be_repeated(own_redis: RedisServer) -> None:
    """It was not heard, and says so; then it is."""
    async with running(own_redis, HEAD, asyncio.Event()) as (at, upstream, client, path):
        own_redis.pause()
        is_problem(await at.client.delete(path), 503, "log_unavailable")
        own_redis.resume()
        assert (await at.client.delete(path)).status_code == 204
        async with asyncio.timeout(1):
            await upstream.closed.wait()
        assert b'"cancelled"' in await client.reader.readuntil(b"0\r\n\r\n")


async def test_what_is_stopped_while_it_is_held_keeps_what_it_had(own_redis: RedisServer) -> None:
    """A process that goes in mid-outage: the bullet that waited is stored before the last event, and only once."""
    async with (
        running(own_redis, HEAD, gate := asyncio.Event(), MORE, asyncio.Event()) as (at, _, _, path),
        asyncio.timeout(LIMIT_S),
    ):
        own_redis.pause()
        gate.set()
        await asyncio.sleep(0.2)
        draining = asyncio.create_task(at.service.runs.drain(0))
        await asyncio.sleep(0.2)
        own_redis.resume()
        await draining
        events = events_of(await at.client.get(f"{path}/events"))
        assert [event["type"] for event in events] == ["summary.created", "bullet", "bullet", "summary.failed"]
        assert events[-1]["problem"]["code"] == "draining"
