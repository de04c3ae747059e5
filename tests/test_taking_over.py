"""A process's summaries in the hands of another: two of them on one Redis, in the test's own loop."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import SecretStr

from streamsum.core.models import OnDisconnect, SummaryRequest
from streamsum.core.passes import Cause
from streamsum.runs.log import Entry, NewSummary
from streamsum.runs.redis_log import RedisLog
from streamsum.runs.registry import Runs
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from tests.logs import LASTING, lease_of, redis_log, until, until_reached
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import HANG, ScriptedUpstream, Step

pytestmark = needs_redis

LIMIT_S = 15
LOOKING = replace(LASTING, look_s=0.05)
SEALER = Sealer([SecretStr("s" * 32)])
REQUEST = SummaryRequest(text="Nothing much happened.", on_disconnect="finish", evidence="off")
CREATED = b'{"type":"summary.created","id":"a","model":"owl","max_bullets":3,"created_at":"2030-01-01"}'
HEAD = '{"bullets": [{"text": "The first."}'
REST = '{"bullets": [{"text": "The second."}]}'


@dataclass(frozen=True)
class Process:
    """One's running summaries, and its log."""

    runs: Runs
    log: RedisLog
    upstream: ScriptedUpstream

    async def events(self, id: str) -> list[dict[str, Any]]:
        """All of them, when it is over."""
        async with self.log.listen(id, "", None) as listener:
            return [json.loads(each.data) async for each in listener if isinstance(each, Entry)]


@asynccontextmanager
async def process(
    server: RedisServer, *script: Step, sealer: Sealer | None = SEALER, model: str = "parrot", max_streams: int = 10
) -> AsyncIterator[Process]:
    upstream = ScriptedUpstream(script=script, model=model)
    async with asyncio.timeout(LIMIT_S), RedisLog(server.url, grace_s=5, keep_s=600, times=LOOKING) as log:
        await until_reached(log)
        runs = Runs(upstreams=[upstream], log=log, settings=Settings(max_streams=max_streams), sealer=sealer)
        yield Process(runs, log, upstream)
        await runs.aclose()


async def begun(at: Process, request: SummaryRequest = REQUEST) -> str:
    run = await at.runs.start(request)
    await asyncio.wait([run.started])
    return run.id


def kinds(event: dict[str, Any]) -> list[tuple[str, str]]:
    ledger = event.get("ledger", event)
    return [(each["kind"], each["model"]) for each in ledger["passes"]]


async def test_a_summary_is_gone_on_with_from_its_bullets(redis: RedisServer) -> None:
    """One sequence of events, over two processes; what the first pass cost nobody knows."""
    async with process(redis, HEAD, HANG) as going, process(redis, REST) as heir:
        heir.runs.adopt()
        id = await begun(going)
        await going.runs.drain(0)
        events = await heir.events(id)
        assert [event["type"] for event in events] == ["summary.created", "bullet", "bullet", "summary.completed"]
        assert [event["text"] for event in events[1:3]] == ["The first.", "The second."]
        assert kinds(events[-1]) == [("first", "parrot"), ("continue", "parrot")]
        assert events[-1]["passes"][0]["prompt_tokens"] is None
        assert going.upstream.open == 0


async def test_its_whole_time_is_that_of_both(redis: RedisServer) -> None:
    """The deadline was set when it was admitted, by the server's clock."""
    async with process(redis, HEAD, HANG) as going, process(redis, REST) as heir:
        id = await begun(going)
        await asyncio.sleep(0.3)
        await going.runs.drain(0)
        heir.runs.adopt()
        events = await heir.events(id)
        assert events[-1]["timing"]["total_ms"] >= 300
        assert events[-1]["timing"]["first_delta_ms"] is None
        assert events[-1]["timing"]["first_bullet_ms"] is None
        left_s = heir.upstream.deadlines[0] - asyncio.get_running_loop().time()
        assert 295 < left_s < 299.8


@pytest.mark.parametrize("why", ["no secret here", "another model", "handed over before"])
async def test_what_cannot_be_gone_on_with_ends(redis: RedisServer, why: str) -> None:
    """With the bullets that there are, and without asking a model."""
    request = REQUEST.model_copy(update={"model": "parrot"})
    async with process(redis, HEAD, HANG) as going:
        id = await begun(going, request)
        await going.runs.drain(0)
    if why == "handed over before":
        async with process(redis, HANG) as second:
            second.runs.adopt()
            await second.upstream.called.wait()
            await second.log.aclose()  # as if it had died
    async with process(
        redis,
        REST,
        sealer=None if why == "no secret here" else SEALER,
        model="owl" if why == "another model" else "parrot",
    ) as heir:
        heir.runs.adopt()
        events = await heir.events(id)
        assert events[-1]["ledger"]["finish"] == "producer_lost"
        assert events[-1]["problem"]["code"] == "producer_lost"
        assert events[-1]["ledger"]["bullets"] == 1
        assert heir.upstream.prompts == []


async def test_there_must_be_room_for_it(redis: RedisServer) -> None:
    """Until there is, it waits, or another takes it."""
    async with process(redis, HEAD, HANG) as going, process(redis, HEAD, HANG, max_streams=1) as heir:
        busy = await heir.runs.start(REQUEST)
        await asyncio.wait([busy.started])
        heir.runs.adopt()
        id = await begun(going)
        await going.runs.drain(0)
        await asyncio.sleep(0.3)
        assert len(heir.upstream.prompts) == 1
        heir.upstream.called.clear()
        await heir.log.cancel(busy.id, "")
        await heir.upstream.called.wait()
        await heir.log.cancel(id, "")
        assert (await heir.events(id))[-1]["finish"] == "cancelled"


@pytest.mark.parametrize("why", ["cancelled", "no secret there", "taken before", "nobody listens"])
async def test_what_only_needs_an_end_needs_no_room(redis: RedisServer, why: str) -> None:
    """Its client waits for that, and it takes a moment."""
    policy: OnDisconnect = "cancel" if why == "nobody listens" else "finish"
    async with process(redis, HEAD, HANG, max_streams=1) as heir:
        busy = await heir.runs.start(REQUEST)
        async with redis_log(redis) as going:
            seal = None if why == "no secret there" else SEALER.seal(REQUEST, id="a", key="")
            lease = await lease_of(going, NewSummary("a", "", policy, sealed=seal))
            await lease.append([Entry(1, "summary.created", CREATED)])
            async with going.listen("a", "", None):
                pass
            if why == "cancelled":
                await going.cancel("a", "")
        if why == "taken before":
            async with redis_log(redis) as second:
                await anext(second.orphans())
        heir.runs.adopt()
        expected = "producer_lost" if why in {"no secret there", "taken before"} else "cancelled"
        await until(lambda: redis.last_event("a").get("type", "") != "summary.created")
        last = redis.last_event("a")
        assert last.get("ledger", last)["finish"] == expected
        busy.stop(Cause.CANCELLED)


async def test_who_is_going_takes_nothing_over(redis: RedisServer) -> None:
    """It would only be handed on."""
    async with process(redis, HEAD, HANG) as going, process(redis, REST) as heir:
        heir.runs.adopt()
        await heir.runs.drain(0)
        id = await begun(going)
        await going.runs.drain(0)
        await asyncio.sleep(0.3)
        assert len(await heir.log.read(id, "")) == 2


async def test_without_a_secret_it_ends_here_when_the_process_goes(redis: RedisServer) -> None:
    """Nobody could go on: that is told at once."""
    async with process(redis, HEAD, HANG, sealer=None) as going:
        id = await begun(going)
        await going.runs.drain(0)
        events = await going.events(id)
        assert events[-1]["problem"]["code"] == "draining"


async def test_a_summary_that_nobody_knows_of_ends_when_the_process_goes(redis: RedisServer) -> None:
    """Its caller still waits for a status, and asks again."""
    async with process(redis, HANG) as going:
        run = await going.runs.start_or_join(REQUEST, idempotency=None, held_s=100)
        await going.upstream.called.wait()
        await going.runs.drain(0)
        assert (await going.events(run.id))[-1]["problem"]["code"] == "draining"


async def test_what_nobody_here_can_read_ends(redis: RedisServer) -> None:
    """A newer version has begun it: it ends with what is there, takes no place, and is not claimed for ever."""
    request = REQUEST.model_copy(update={"text": "x" * 100})
    async with process(redis) as heir:
        async with redis_log(redis) as newer:
            sealed = SEALER.seal(request, id="a", key="")
            lease = await lease_of(newer, NewSummary("a", "", "finish", sealed=sealed))
            bullet = b'{"type":"bullet","index":0,"text":"The first.","evidence":[]}'
            await lease.append([Entry(1, "summary.created", CREATED), Entry(2, "bullet", bullet)])
            await lease.append([Entry(3, "bullet.praised", b'{"type":"bullet.praised","index":0}')])
        heir.runs.adopt()
        *_, last = await heir.events("a")
        assert (last["type"], last["problem"]["code"]) == ("summary.failed", "producer_lost")
        ledger = last["ledger"]
        assert (ledger["finish"], ledger["bullets"], ledger["rejected"]) == ("producer_lost", 1, 0)
        assert ledger["digest"] == hashlib.sha256(b"The first.\n").hexdigest()
        assert redis.field("a", "claims") == "1"
        assert len(heir.runs) == 0
        async with asyncio.timeout(2):
            await heir.runs.drain(0)
