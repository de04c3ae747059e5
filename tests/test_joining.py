"""The same request again, answers at once, tickets, storms of resumes: on one replica, and across two on Redis."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import httpx2
import pytest
from pydantic import SecretStr
from typing_extensions import override

from streamsum.core.passes import Cause
from streamsum.errors import LogDown
from streamsum.runs.log import MAX_LISTENERS, Entry, Joined, Lease, Listener, NewSummary
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.opening import opened_log
from streamsum.settings import Settings
from streamsum.web.tickets import Tickets
from tests.logs import Away, redis_log, until
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import ScriptedUpstream, Step, refused
from tests.servers import LIMIT_S, Served, events_of, get, post, raw_client, served

pytestmark = pytest.mark.both_loops

TEXT = "Nothing much happened."
BODY = {"text": TEXT, "max_bullets": 5}
HEAD = '{"bullets": [{"text": "The first."}'
REST = ', {"text": "The second."}]}'
UNKNOWN_ID = "x" * 22
SECRET = SecretStr("s" * 32)
ASYNC = {"Prefer": "respond-async"}


class Pair(Protocol):
    """Two replicas that ask the same model; on the memory log they are one."""

    def __call__(self, upstream: ScriptedUpstream) -> AbstractAsyncContextManager[tuple[Served, Served]]: ...


@asynccontextmanager
async def one(upstream: ScriptedUpstream) -> AsyncIterator[tuple[Served, Served]]:
    async with served(upstream) as at:
        yield at, at


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def pair(request: pytest.FixtureRequest) -> Pair:
    if request.param == "memory":
        return one
    server: RedisServer = request.getfixturevalue("redis")

    @asynccontextmanager
    async def two(upstream: ScriptedUpstream) -> AsyncIterator[tuple[Served, Served]]:
        async with AsyncExitStack() as stack:
            first, second = [await stack.enter_async_context(replica(server, upstream)) for _ in range(2)]
            yield first, second

    return two


@asynccontextmanager
async def replica(server: RedisServer, upstream: ScriptedUpstream) -> AsyncIterator[Served]:
    async with redis_log(server) as log, served(upstream, log=log, settings=Settings(secrets=(SECRET,))) as at:
        yield at


def saying(*script: Step) -> ScriptedUpstream:
    return ScriptedUpstream(script=script)


def keyed(key: str = "order-7") -> dict[str, str]:
    return {"Idempotency-Key": key}


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "bullet"]


def is_problem(response: httpx2.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


class TestIdempotency:
    async def test_the_same_post_joins_the_running_summary(self, pair: Pair) -> None:
        """The same bytes, and one call of the model."""
        upstream = saying(HEAD, gate := asyncio.Event(), REST)
        async with pair(upstream) as (here, there):
            begun = asyncio.create_task(here.client.post("/v1/summaries", json=BODY, headers=keyed()))
            await upstream.called.wait()
            async with there.client.sse("/v1/summaries", method="POST", json=BODY, headers=keyed()) as source:
                events = aiter(source)
                assert json.loads((await anext(events)).data)["type"] == "summary.created"
                gate.set()
                joined = [event.data async for event in events]
            response = await begun
            assert [json.loads(data) for data in joined] == events_of(response)[1:]
            assert len(upstream.prompts) == 1

    async def test_the_same_post_finds_the_finished_summary(self, pair: Pair) -> None:
        """As a stream or as a whole: its `stream` is no other request."""
        upstream = saying(HEAD, REST)
        async with pair(upstream) as (here, there):
            streamed = await here.client.post("/v1/summaries", json=BODY, headers=keyed())
            again = await there.client.post("/v1/summaries", json=BODY, headers=keyed())
            whole = await there.client.post("/v1/summaries", json=BODY | {"stream": False}, headers=keyed())
            assert again.content == streamed.content
            assert [bullet["text"] for bullet in whole.json()["bullets"]] == ["The first.", "The second."]
            assert whole.json()["id"] == events_of(streamed)[0]["id"]
            assert len(upstream.prompts) == 1

    async def test_at_once_from_everywhere_it_is_one_summary(self, pair: Pair) -> None:
        """However many ask."""
        upstream = saying(HEAD, REST)
        async with pair(upstream) as (here, there):
            posts = [at.client.post("/v1/summaries", json=BODY, headers=keyed()) for at in (here, there, here, there)]
            bodies = {response.content for response in await asyncio.gather(*posts)}
            assert len(bodies) == 1
            assert len(upstream.prompts) == 1

    async def test_the_same_body_may_be_answered_at_once_or_not(self, pair: Pair) -> None:
        """How it is answered is no part of the request, though nobody need stay for an answer at once."""
        upstream = saying(HEAD, REST)
        async with pair(upstream) as (here, there):
            accepted = await here.client.post("/v1/summaries", json=BODY, headers=keyed() | ASYNC)
            streamed = await there.client.post("/v1/summaries", json=BODY, headers=keyed())
            assert events_of(streamed)[0]["id"] == accepted.json()["id"]
            explicit = BODY | {"on_disconnect": "cancel"}
            response = await there.client.post("/v1/summaries", json=explicit, headers=keyed())
            is_problem(response, 409, "idempotency_conflict")

    @pytest.mark.parametrize("stream", [True, False])
    async def test_what_goes_while_it_is_joined_is_begun_anew(self, *, stream: bool) -> None:
        """There is no cursor that could have expired: its caller gets a summary."""
        upstream = saying(HEAD, REST)
        async with served(upstream, log=(log := Forgetful())) as at:
            body = BODY | {"stream": stream}
            first = await at.client.post("/v1/summaries", json=BODY, headers=keyed())
            log.forgets = events_of(first)[0]["id"]
            response = await at.client.post("/v1/summaries", json=body, headers=keyed())
            assert response.status_code == 200
            assert log.forgets not in response.text
            assert len(upstream.prompts) == 2

    async def test_another_request_under_the_key_is_a_conflict(self, pair: Pair) -> None:
        """On any replica, and nothing is asked for."""
        upstream = saying(HEAD, REST)
        async with pair(upstream) as (here, there):
            await here.client.post("/v1/summaries", json=BODY, headers=keyed())
            other = BODY | {"max_bullets": 4}
            is_problem(
                await there.client.post("/v1/summaries", json=other, headers=keyed()), 409, "idempotency_conflict"
            )
            assert (await there.client.post("/v1/summaries", json=other, headers=keyed("8"))).status_code == 200
            assert len(upstream.prompts) == 2

    async def test_a_failure_without_a_bullet_frees_the_key(self, pair: Pair) -> None:
        """Who joined it meanwhile gets the same status; the next try is a new one."""
        upstream = ScriptedUpstream(connecting=[gate := asyncio.Event(), refused(Cause.REJECTED)])
        async with pair(upstream) as (here, there):
            posts = [
                asyncio.create_task(at.client.post("/v1/summaries", json=BODY, headers=keyed()))
                for at in (here, there, here, there)
            ]
            await upstream.called.wait()
            await asyncio.sleep(0.1)  # for the others to join: those that come too late would ask anew
            gate.set()
            for response in await asyncio.gather(*posts):
                is_problem(response, 502, "upstream_rejected")
            before = len(upstream.prompts)
            upstream.connecting, upstream.script = (), (HEAD, REST)
            response = await there.client.post("/v1/summaries", json=BODY, headers=keyed())
            assert texts(events_of(response)) == ["The first.", "The second."]
            assert len(upstream.prompts) == before + 1

    async def test_what_is_no_key_is_refused(self, pair: Pair) -> None:
        """Before anything begins."""
        async with pair(saying(HEAD, REST)) as (here, _):
            response = await here.client.post("/v1/summaries", json=BODY, headers=keyed("two words"))
            is_problem(response, 422, "invalid_request")


class TestAsync:
    async def test_the_answer_comes_at_once_and_the_events_elsewhere(self, pair: Pair) -> None:
        """Nobody needs to listen, and the ticket needs no header, on any replica."""
        upstream = saying(gate := asyncio.Event(), HEAD, REST)
        async with pair(upstream) as (here, there):
            response = await here.client.post("/v1/summaries", json=BODY, headers=ASYNC)
            answer = response.json()
            location = f"/v1/summaries/{answer['id']}"
            assert response.status_code == 202
            assert response.headers["location"] == location
            assert response.headers["preference-applied"] == "respond-async"
            assert answer["events_url"].startswith(f"{location}/events?ticket=")
            assert (await there.client.get(location)).json()["status"] == "running"
            gate.set()
            events = events_of(await there.client.get(answer["events_url"]))
            assert texts(events) == ["The first.", "The second."]
            behind = {"Last-Event-ID": f"{answer['id']}:2"}
            assert events_of(await there.client.get(answer["events_url"], headers=behind), after=2) == events[2:]

    async def test_it_goes_on_when_its_listener_leaves(self, pair: Pair) -> None:
        """Its policy is `finish`, unless the request says otherwise."""
        upstream = saying(HEAD, gate := asyncio.Event(), REST)
        async with pair(upstream) as (here, there):
            answer = (await here.client.post("/v1/summaries", json=BODY, headers=ASYNC)).json()
            async with raw_client(there.port) as client:
                await client.send(get(f"/v1/summaries/{answer['id']}/events"))
                await client.reader.readuntil(b"The first.")
                await client.leave("reset")
            gate.set()
            events = events_of(await there.client.get(f"/v1/summaries/{answer['id']}/events"))
            assert events[-1]["finish"] == "complete"

    async def test_a_policy_that_was_asked_for_holds(self, pair: Pair) -> None:
        """From the first listener on: before anybody came nobody is missed."""
        upstream = saying(HEAD, asyncio.Event())
        async with pair(upstream) as (here, there):
            wanted = BODY | {"on_disconnect": "cancel"}
            answer = (await here.client.post("/v1/summaries", json=wanted, headers=ASYNC)).json()
            async with raw_client(there.port) as client:
                await client.send(get(f"/v1/summaries/{answer['id']}/events"))
                await client.reader.readuntil(b"The first.")
                assert upstream.open == 1
                await client.leave("close")
            async with asyncio.timeout(1):
                await upstream.closed.wait()

    async def test_without_keys_a_ticket_is_not_needed(self, pair: Pair) -> None:
        """So that none is wrong: another replica cannot open it where they share no secret."""
        async with pair(saying(HEAD, REST)) as (here, there):
            answer = (await here.client.post("/v1/summaries", json=BODY, headers=ASYNC)).json()
            path = f"/v1/summaries/{answer['id']}/events"
            for ticket in (Tickets().give(answer["id"], "", b""), "", "x"):
                assert len(events_of(await there.client.get(path, params={"ticket": ticket}))) == 4
            is_problem(await there.client.get(f"/v1/summaries/{UNKNOWN_ID}/events?ticket=x"), 404, "not_found")


class TestResuming:
    async def test_a_summary_is_served_by_any_replica(self, pair: Pair) -> None:
        """Its events from the start and after a cursor, what it is, and its end."""
        upstream = saying(HEAD, asyncio.Event())
        async with pair(upstream) as (here, there), raw_client(here.port) as client:
            await client.send(post(BODY))
            _, headers = await client.head()
            await client.reader.readuntil(b"The first.")
            location = headers["location"]
            assert (await there.client.get(location)).json()["bullets"][0]["text"] == "The first."
            async with there.client.sse("/stream?q=a", headers={"Last-Event-ID": f"{location[-22:]}:1"}) as source:
                events = aiter(source)
                assert json.loads((await anext(events)).data)["text"] == "The first."
                assert (await there.client.delete(location)).status_code == 204
                async with asyncio.timeout(1):
                    await upstream.closed.wait()
                assert json.loads((await anext(events)).data)["finish"] == "cancelled"
            for at in (here, there):
                assert (await at.client.get(location)).json()["ledger"]["finish"] == "cancelled"
            assert (await there.client.delete(location)).status_code == 204
            is_problem(await here.client.get(location), 404, "not_found")
            assert (await here.client.delete(location)).status_code == 204

    async def test_a_sixth_listener_replaces_the_oldest(self, pair: Pair) -> None:
        """Whose stream ends without a last event, so that it could come back."""
        upstream = saying(HEAD, gate := asyncio.Event(), REST)
        async with pair(upstream) as (here, there), AsyncExitStack() as stack, asyncio.timeout(LIMIT_S):
            oldest = await stack.enter_async_context(raw_client(here.port))
            await oldest.send(post(BODY | {"on_disconnect": "cancel"}))
            _, headers = await oldest.head()
            await oldest.reader.readuntil(b"The first.")
            client = oldest
            for n in range(MAX_LISTENERS):
                client = await stack.enter_async_context(raw_client((here, there)[n % 2].port))
                await client.send(get(f"{headers['location']}/events"))
                await client.reader.readuntil(b"The first.")
            rest = await oldest.reader.readuntil(b"0\r\n\r\n")
            assert b"summary." not in rest
            gate.set()
            assert b'"complete"' in await client.reader.readuntil(b"0\r\n\r\n")


class Forgetful(MemoryLog):
    """Deletes a summary between its being joined and its being listened to."""

    def __init__(self) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self.forgets = ""

    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        begun = await super().create(new)
        if isinstance(begun, Joined) and begun.id == self.forgets:
            await self.cancel(begun.id, "")
        return begun


class Deaf(MemoryLog):
    """Stores what is written, but lets nobody listen."""

    def __init__(self) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self.is_deaf = True
        self.created: list[str] = []

    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        begun = await super().create(new)
        if not isinstance(begun, Joined):
            self.created.append(new.id)
        return begun

    @override
    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        if self.is_deaf:
            raise LogDown
        async with super().listen(id, key, after) as listener:
            yield listener

    async def begun(self) -> Sequence[Entry]:
        """What the first summary has stored."""
        return await self.read(self.created[0], "")


class TestTrouble:
    async def test_who_waits_for_the_whole_and_is_replaced_is_told_so(self, pair: Pair) -> None:
        """The log is well: there are only too many."""
        upstream = saying(HEAD, gate := asyncio.Event(), REST)
        async with pair(upstream) as (here, there), AsyncExitStack() as stack:
            begun = await here.client.post("/v1/summaries", json=BODY, headers=keyed() | ASYNC)
            whole = here.client.post("/v1/summaries", json=BODY | {"stream": False}, headers=keyed())
            waiting = asyncio.create_task(whole)
            while "streamsum_listeners 1.0" not in (await here.client.get("/metrics")).text:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            for _ in range(MAX_LISTENERS):
                client = await stack.enter_async_context(raw_client(there.port))
                await client.send(get(f"{begun.headers['location']}/events"))
                await client.reader.readuntil(b"The first.")
            is_problem(await waiting, 503, "overloaded")
            gate.set()

    async def test_who_waits_for_the_whole_while_it_goes_is_told_so(self, redis: RedisServer) -> None:
        """It had joined what is handed over now, and asks another replica again."""
        upstream = saying(HEAD, asyncio.Event())
        async with replica(redis, upstream) as here, replica(redis, upstream) as there, asyncio.timeout(LIMIT_S):
            begun = await here.client.post("/v1/summaries", json=BODY, headers=keyed() | ASYNC)
            whole = there.client.post("/v1/summaries", json=BODY | {"stream": False}, headers=keyed())
            waiting = asyncio.create_task(whole)
            await until(lambda: redis.listeners(begun.json()["id"]) > 0)
            await there.service.runs.drain(0)
            there.service.log.let_go()
            is_problem(await waiting, 503, "draining")
            await here.client.delete(begun.headers["location"])

    @pytest.mark.parametrize("path", ["/v1/summaries?text=a", "/stream?q=a", f"/v1/summaries/{UNKNOWN_ID}/events"])
    async def test_a_resume_while_the_log_is_away_is_to_be_tried_again(self, path: str) -> None:
        """200, `retry:`, and the end: any other status would end an EventSource for ever."""
        async with served(saying(HEAD, REST), log=Away()) as at:
            response = await at.client.get(path, headers={"Last-Event-ID": f"{UNKNOWN_ID}:1"})
            assert (response.status_code, response.content) == (200, b"retry: 2000\n")
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"

    @pytest.mark.parametrize("path", ["/v1/summaries?text=a", "/stream?q=a"])
    async def test_a_get_whose_events_cannot_be_listened_to_is_to_be_tried_again(self, path: str) -> None:
        """Its id was not told, so that whoever comes back begins another: the model need not go on with this one."""
        upstream = saying(asyncio.Event())
        async with served(upstream, log=(log := Deaf())) as at:
            response = await at.client.get(path)
            assert (response.status_code, response.content) == (200, b"retry: 2000\n")
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            await until(lambda: len(at.service.runs) == 0)
            assert upstream.open == 0
            assert json.loads((await log.begun())[-1].data)["finish"] == "cancelled"

    @pytest.mark.parametrize("stream", [True, False])
    async def test_a_post_whose_events_cannot_be_listened_to_is_told_so(self, *, stream: bool) -> None:
        """What it has begun ends, unless the same request would join it."""
        upstream = saying(gate := asyncio.Event(), HEAD, REST)
        async with served(upstream, log=(log := Deaf())) as at:
            body = BODY | {"stream": stream}
            is_problem(await at.client.post("/v1/summaries", json=body), 503, "log_unavailable")
            await until(lambda: len(at.service.runs) == 0)
            is_problem(await at.client.post("/v1/summaries", json=body, headers=keyed()), 503, "log_unavailable")
            assert len(at.service.runs) == 1
            log.is_deaf = False
            gate.set()
            joined = await at.client.post("/v1/summaries", json=BODY, headers=keyed())
            assert texts(events_of(joined)) == ["The first.", "The second."]
            assert [each["id"] for each in events_of(joined)[:1]] == log.created[1:]

    async def test_everything_else_is_told_when_to_try_again(self) -> None:
        """New summaries, deletions, and who asks whether it is ready; it is alive all the same."""
        async with served(saying(HEAD, REST), log=Away()) as at:
            for response in (
                await at.client.post("/v1/summaries", json=BODY),
                await at.client.get("/stream", params={"q": TEXT}),
                await at.client.delete(f"/v1/summaries/{UNKNOWN_ID}"),
                await at.client.get("/readyz"),
            ):
                is_problem(response, 503, "log_unavailable")
                assert int(response.headers["retry-after"]) > 0
            assert (await at.client.get("/healthz")).status_code == 200

    async def test_a_resume_while_it_goes_is_to_be_tried_again(self, pair: Pair) -> None:
        """Who listens is let go at its own place; on Redis the other replica has all."""
        upstream = saying(HEAD, gate := asyncio.Event(), REST)
        async with pair(upstream) as (here, there), raw_client(here.port) as client:
            await client.send(post(BODY | {"on_disconnect": "finish"}))
            _, headers = await client.head()
            await client.reader.readuntil(b"The first.")
            if here is not there:
                here.service.log.let_go()
                assert b"summary." not in await client.reader.readuntil(b"0\r\n\r\n")
                response = await here.client.get(f"{headers['location']}/events")
                assert (response.status_code, response.content) == (200, b"retry: 2000\n")
            gate.set()
            events = events_of(await there.client.get(f"{headers['location']}/events"))
            assert texts(events) == ["The first.", "The second."]


def test_an_event_log_is_named_by_its_address() -> None:
    """Which may hold a password, and does not show."""
    settings = Settings.read({"STREAMSUM_EVENT_LOG": "redis://:pass-canary@localhost/0"})
    assert "canary" not in repr(settings)


@pytest.mark.parametrize("secrets", [(), (SECRET,)])
async def test_the_log_says_at_the_start_whether_summaries_are_taken_over(
    secrets: tuple[SecretStr, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """And where that would be set."""
    caplog.set_level("INFO")
    settings = Settings(event_log=SecretStr("redis://127.0.0.1:1"), secrets=secrets)
    async with opened_log(settings):
        (record,) = [each for each in caplog.records if "STREAMSUM_SECRET_FILE" in each.getMessage()]
        assert f"takes_over={bool(secrets)}" in record.getMessage()
