"""The service over real HTTP: every route, every code, and who is noticed leaving."""

import asyncio
import json
import logging
import re
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from typing_extensions import override

from benchmarks.fake_upstream import FakeUpstream, NoAnswer, Status, answer, bullets
from streamsum.core.passes import Cause, End
from streamsum.errors import SettingsError
from streamsum.runs.log import Entry
from streamsum.runs.memory_log import MemoryLog
from streamsum.settings import Settings
from streamsum.web.app import create_app, lifespan
from streamsum.web.patience import Patience
from tests.held import held
from tests.logs import Away
from tests.scripted import ScriptedUpstream, Step, refused
from tests.servers import (
    LIMIT_S,
    Served,
    client_of,
    events_of,
    get,
    post,
    raw_client,
    served,
    serving,
    settings_for,
)

pytestmark = pytest.mark.both_loops

CANARY = "xyzzy-canary"
TEXT = f"Nothing much happened, said {CANARY}."
BODY = {"text": TEXT}
HEAD = '{"bullets": [{"text": "The first."}'
REST = ', {"text": "The second."}]}'
BOTH = ["The first.", "The second."]
UNKNOWN_ID = "x" * 22


def saying(*script: Step) -> ScriptedUpstream:
    return ScriptedUpstream(script=script)


def whole() -> ScriptedUpstream:
    return saying(HEAD, REST)


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "bullet"]


async def finished(at: Served) -> str:
    """A finished summary's id."""
    return str((await at.client.post("/v1/summaries", json=BODY | {"stream": False})).json()["id"])


async def is_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    assert CANARY not in response.text
    return problem


async def hung_up(upstream: ScriptedUpstream) -> None:
    """Within a second."""
    async with asyncio.timeout(1):
        await upstream.closed.wait()


class TestStarting:
    async def test_a_post_streams_bullets_as_they_are_validated(self) -> None:
        """Each is there before the model has written the next."""
        gate = asyncio.Event()
        async with (
            served(saying(HEAD, gate, REST)) as at,
            at.client.sse("/v1/summaries", method="POST", json=BODY) as source,
        ):
            events = aiter(source)
            created, first = await anext(events), await anext(events)
            assert json.loads(first.data)["text"] == "The first."
            gate.set()
            second, completed = [event async for event in events]
            names = [event.event for event in (created, first, second, completed)]
            assert names == ["summary.created", "bullet", "bullet", "summary.completed"]
            id = json.loads(created.data)["id"]
            assert [event.id for event in (created, first, second, completed)] == [f"{id}:{n}" for n in (1, 2, 3, 4)]
            assert (created.retry, first.retry) == (2000, None)
            response = source.response
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert response.headers["cache-control"] == "no-store, no-transform"
            assert response.headers["x-accel-buffering"] == "no"
            assert response.headers["location"] == f"/v1/summaries/{id}"
            assert re.fullmatch(r"[A-Za-z0-9_-]{22}", id)

    async def test_a_post_that_does_not_stream_waits(self) -> None:
        """The whole summary as one object."""
        async with served(whole()) as at:
            response = await at.client.post("/v1/summaries", json=BODY | {"stream": False})
            summary = response.json()
            assert response.status_code == 200
            assert [bullet["text"] for bullet in summary["bullets"]] == BOTH
            assert summary["status"] == "completed"
            assert summary["ledger"]["finish"] == "complete"
            assert (await at.client.get(f"/v1/summaries/{summary['id']}")).json() == summary

    @pytest.mark.parametrize("path", ["/v1/summaries?text=", "/stream?q="])
    async def test_a_get_answers_at_once(self, path: str) -> None:
        """Before the model has said anything; an EventSource must know the id before it can be cut."""
        gate = asyncio.Event()
        async with (
            served(saying(gate, HEAD, REST)) as at,
            at.client.sse(f"{path}{TEXT}&max_bullets=7") as source,
        ):
            events = aiter(source)
            created = json.loads((await anext(events)).data)
            assert (created["type"], created["max_bullets"]) == ("summary.created", 7)
            gate.set()
            assert texts([json.loads(event.data) async for event in events]) == BOTH

    async def test_a_get_may_wait_for_the_whole_too(self) -> None:
        """Query names are the body's field names, all of them."""
        async with served(whole()) as at:
            response = await at.client.get("/v1/summaries", params={"text": TEXT, "stream": "false"})
            assert response.json()["status"] == "completed"

    async def test_what_goes_wrong_after_a_get_was_admitted_is_an_event(self) -> None:
        """Any status but 200 ends an EventSource for ever."""
        upstream = ScriptedUpstream(connecting=[refused(Cause.REJECTED)])
        async with served(upstream) as at:
            response = await at.client.get("/stream", params={"q": TEXT})
            assert response.status_code == 200
            assert events_of(response)[-1]["problem"]["code"] == "upstream_rejected"


FAULTS = [
    (Cause.ERROR, 502, "upstream_error"),
    (Cause.REJECTED, 502, "upstream_rejected"),
    (Cause.CUT, 502, "upstream_truncated"),
    (Cause.REFUSAL, 502, "refusal"),
    (Cause.OVERLOADED, 503, "overloaded"),
    (Cause.TIMEOUT, 504, "upstream_timeout"),
    (Cause.TOO_LONG, 422, "context_too_long"),
]


class TestHonestFirstByte:
    @pytest.mark.parametrize(("cause", "status", "code"), FAULTS)
    @pytest.mark.parametrize("stream", [True, False])
    async def test_what_goes_wrong_before_the_first_content_is_a_status(
        self, cause: Cause, status: int, code: str, stream: bool
    ) -> None:
        """With a problem for a body."""
        upstream = ScriptedUpstream(connecting=[refused(cause)])
        async with served(upstream) as at:
            response = await at.client.post("/v1/summaries", json=BODY | {"stream": stream})
            await is_problem(response, status, code)
            assert ("retry-after" in response.headers) == (status == 503)

    async def test_what_goes_wrong_after_it_is_an_event_and_a_clean_end(self) -> None:
        """The bullets already sent stay valid."""
        upstream = saying(HEAD)
        upstream.ended = End(Cause.ERROR)
        async with served(upstream) as at:
            response = await at.client.post("/v1/summaries", json=BODY)
            events = events_of(response)
            assert response.status_code == 200
            assert [event["type"] for event in events] == ["summary.created", "bullet", "summary.failed"]
            assert events[-1]["problem"]["code"] == "upstream_error"

    async def test_a_failed_summary_with_bullets_is_200_without_a_stream(self) -> None:
        """What there is, is worth having."""
        upstream = saying(HEAD)
        upstream.ended = End(Cause.ERROR)
        async with served(upstream) as at:
            response = await at.client.post("/v1/summaries", json=BODY | {"stream": False})
            assert response.status_code == 200
            assert response.json()["status"] == "failed"
            assert response.json()["problem"]["code"] == "upstream_error"

    async def test_after_the_first_byte_time_the_headers_go_out(self) -> None:
        """And a silent model's failure is an event."""
        async with (
            served(saying(gate := asyncio.Event(), HEAD, REST), settings=Settings(first_byte_s=0.05)) as at,
            at.client.sse("/v1/summaries", method="POST", json=BODY) as source,
        ):
            assert source.response.status_code == 200
            gate.set()
            assert len([event async for event in source]) == 4

    async def test_a_real_models_error_is_a_status(self) -> None:
        """Through the whole stack, over two real connections."""
        async with FakeUpstream((Status(401),)) as model, served(None, settings=settings_for(model)) as at:
            await is_problem(await at.client.post("/v1/summaries", json=BODY), 502, "upstream_rejected")


class TestLeaving:
    """Policy `cancel` unless said otherwise: then the model's connection closing shows that leaving was noticed."""

    BODY = BODY | {"on_disconnect": "cancel"}

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("way", ["close", "reset", "half-close", "pipelined"])
    async def test_before_the_first_byte(self, way: str, stream: bool) -> None:
        """While status and headers are held, or the whole summary is waited for."""
        async with (
            FakeUpstream((NoAnswer(),)) as model,
            served(None, settings=settings_for(model)) as at,
            raw_client(at.port) as client,
        ):
            await client.send(post(self.BODY | {"stream": stream}))
            call = await model.next_call()
            await client.leave(way)
            assert await call.closed(within=1) == "hung_up"

    @pytest.mark.parametrize("way", ["close", "reset", "half-close", "pipelined"])
    async def test_between_bullets(self, way: str) -> None:
        """While the model is silent."""
        upstream = saying(HEAD, asyncio.Event())
        async with served(upstream) as at, raw_client(at.port) as client:
            await client.send(post(self.BODY))
            await client.reader.readuntil(b"The first.")
            await client.leave(way)
            await hung_up(upstream)

    async def test_a_real_models_connection_closes(self) -> None:
        """Through the whole stack, over two real connections: no more is paid for."""
        [gate], script = held(HEAD, REST)
        async with (
            FakeUpstream(script) as model,
            served(None, settings=settings_for(model)) as at,
            raw_client(at.port) as client,
        ):
            await client.send(post(self.BODY))
            await gate.reached()
            await client.leave("close")
            assert await (await model.next_call()).closed(within=1) == "hung_up"

    async def test_during_a_replay(self) -> None:
        """The one who replays leaves; who listens live is not disturbed, nor is the model."""
        gate = asyncio.Event()
        upstream = saying(HEAD, gate, REST)
        async with (
            served(upstream) as at,
            at.client.sse("/v1/summaries", method="POST", json=self.BODY) as live,
            raw_client(at.port) as other,
        ):
            events = aiter(live)
            id = json.loads((await anext(events)).data)["id"]
            await other.send(get(f"/v1/summaries/{id}/events"))
            await other.reader.readuntil(b"The first.")
            await other.leave("reset")
            gate.set()
            assert texts([json.loads(event.data) async for event in events]) == BOTH

    async def test_the_last_of_two_listeners_sets_the_policy_off(self) -> None:
        """Not the first."""
        upstream = saying(HEAD, asyncio.Event())
        async with served(upstream) as at, raw_client(at.port) as first, raw_client(at.port) as second:
            await first.send(post(self.BODY))
            _, headers = await first.head()
            await second.send(get(f"{headers['location']}/events"))
            await second.reader.readuntil(b"The first.")
            await first.leave("close")
            summary = await at.client.get(headers["location"])
            assert summary.json()["status"] == "running"
            await second.leave("close")
            await hung_up(upstream)

    async def test_with_grace_a_client_comes_back(self) -> None:
        """Nothing is paid for twice, nothing lost or repeated."""
        gate = asyncio.Event()
        upstream = saying(HEAD, gate, REST)
        async with served(upstream) as at:
            async with at.client.sse("/stream", params={"q": TEXT}) as source:
                events = aiter(source)
                await anext(events)
                last_id = (await anext(events)).id
            gate.set()
            headers = {"Last-Event-ID": last_id}
            response = await at.client.get("/stream", params={"q": TEXT}, headers=headers)
            assert texts(events_of(response, after=2)) == ["The second."]
            assert len(upstream.prompts) == 1

    async def test_without_grace_left_it_is_cancelled(self) -> None:
        """STREAMSUM_GRACE_S after the last listener."""
        upstream = saying(HEAD, asyncio.Event())
        async with served(upstream, settings=Settings(grace_s=0)) as at, raw_client(at.port) as client:
            await client.send(post(BODY))
            await client.reader.readuntil(b"The first.")
            await client.leave("close")
            await hung_up(upstream)

    async def test_finish_goes_on_without_anybody(self) -> None:
        """The bullets are there for whoever asks."""
        gate = asyncio.Event()
        upstream = saying(HEAD, gate, REST)
        async with served(upstream) as at, raw_client(at.port) as client:
            await client.send(post(BODY | {"on_disconnect": "finish"}))
            _, headers = await client.head()
            await client.leave("reset")
            gate.set()
            response = await at.client.get(f"{headers['location']}/events")
            assert texts(events_of(response)) == BOTH

    async def test_leaving_in_the_body_starts_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is logged either: it happens all day."""
        upstream = whole()
        async with served(upstream) as at:
            async with raw_client(at.port) as client:
                await client.send(post(BODY)[:-5])
            assert (await at.client.get("/readyz")).status_code == 200
        assert upstream.prompts == []
        assert caplog.records == []


class TestResuming:
    async def test_the_events_of_a_finished_summary_are_replayed(self) -> None:
        """From the start, or behind a cursor in the header or the query; the same each time."""
        async with served(whole()) as at:
            id = await finished(at)
            everything = await at.client.get(f"/v1/summaries/{id}/events")
            events = events_of(everything)
            assert [event["type"] for event in events] == ["summary.created", "bullet", "bullet", "summary.completed"]
            behind = {"Last-Event-ID": f"{id}:2"}
            assert events_of(await at.client.get(f"/v1/summaries/{id}/events", headers=behind), after=2) == events[2:]
            for path in (f"/v1/summaries/{id}/events?after={id}:1", f"/v1/summaries?text=a&after={id}:1"):
                assert events_of(await at.client.get(path), after=1) == events[1:]

    @pytest.mark.parametrize("path", ["/v1/summaries/{id}/events", "/v1/summaries?text=a", "/stream?q=a"])
    async def test_after_the_last_event_it_is_204(self, path: str) -> None:
        """On any of the GET routes, so that an EventSource stops."""
        async with served(whole()) as at:
            id = await finished(at)
            response = await at.client.get(path.format(id=id), headers={"Last-Event-ID": f"{id}:4"})
            assert (response.status_code, response.content) == (204, b"")
            assert response.headers["x-request-id"]

    @pytest.mark.parametrize("path", ["/v1/summaries?text=a", "/stream?q=a", f"/v1/summaries/{UNKNOWN_ID}/events"])
    async def test_a_cursor_into_what_is_gone_is_410(self, path: str) -> None:
        """And never starts, or pays for, a second summary."""
        upstream = whole()
        async with served(upstream) as at:
            response = await at.client.get(path, headers={"Last-Event-ID": f"{UNKNOWN_ID}:1"})
            await is_problem(response, 410, "expired")
            assert upstream.prompts == []

    @pytest.mark.parametrize("path", ["/v1/summaries?text=a", "/stream?q=a", "/v1/summaries/{id}/events"])
    @pytest.mark.parametrize("cursor", ["{id}:5", "{id}:04", "{id}", "4", "$", "{id}:" + "9" * 80])
    async def test_a_cursor_that_is_none_is_400(self, path: str, cursor: str) -> None:
        """Malformed, or beyond the last event."""
        async with served(whole()) as at:
            id = await finished(at)
            for way in (
                {"headers": {"Last-Event-ID": cursor.format(id=id)}},
                {"params": {"after": cursor.format(id=id)}},
            ):
                url = httpx2.URL(path.format(id=id)).copy_merge_params(way.get("params", {}))
                response = await at.client.get(url, headers=way.get("headers", {}))
                await is_problem(response, 400, "invalid_event_id")

    async def test_a_cursor_of_another_summary_is_400(self) -> None:
        """Where the path names one."""
        async with served(whole()) as at:
            id = await finished(at)
            response = await at.client.get(f"/v1/summaries/{id}/events", headers={"Last-Event-ID": f"{UNKNOWN_ID}:1"})
            await is_problem(response, 400, "invalid_event_id")

    @pytest.mark.parametrize("id", [UNKNOWN_ID, "short", "x" * 23, "%20" * 22])
    async def test_what_nobody_knows_is_404(self, id: str) -> None:
        """Asked for without a cursor."""
        async with served(whole()) as at:
            for response in (
                await at.client.get(f"/v1/summaries/{id}"),
                await at.client.get(f"/v1/summaries/{id}/events"),
                await at.client.delete(f"/v1/summaries/{id}"),
            ):
                await is_problem(response, 404, "not_found")

    async def test_a_running_summary_shows_what_it_has(self) -> None:
        """And looking at it changes nothing."""
        async with served(saying(HEAD, gate := asyncio.Event(), REST)) as at, raw_client(at.port) as client:
            await client.send(post(BODY))
            _, headers = await client.head()
            await client.reader.readuntil(b"The first.")
            summary = (await at.client.get(headers["location"])).json()
            assert summary["status"] == "running"
            assert [bullet["text"] for bullet in summary["bullets"]] == ["The first."]
            assert (summary["ledger"], summary["problem"]) == (None, None)
            gate.set()
            await client.reader.readuntil(b"summary.completed")


class TestDeleting:
    async def test_a_running_summary_is_cancelled(self) -> None:
        """The model is hung up within a second, and who listens is told."""
        upstream = saying(HEAD, asyncio.Event())
        async with (
            served(upstream) as at,
            at.client.sse("/v1/summaries", method="POST", json=BODY) as source,
        ):
            events = aiter(source)
            id = json.loads((await anext(events)).data)["id"]
            response = await at.client.delete(f"/v1/summaries/{id}")
            assert (response.status_code, response.content) == (204, b"")
            await hung_up(upstream)
            last = [json.loads(event.data) async for event in events][-1]
            assert (last["type"], last["finish"], last["bullets"]) == ("summary.completed", "cancelled", 1)

    async def test_a_finished_summary_is_forgotten_and_twice_is_no_error(self) -> None:
        """Who has a cursor is told that it is gone."""
        async with served(whole()) as at:
            id = await finished(at)
            for _ in range(2):
                assert (await at.client.delete(f"/v1/summaries/{id}")).status_code == 204
            await is_problem(await at.client.get(f"/v1/summaries/{id}"), 404, "not_found")
            behind = {"Last-Event-ID": f"{id}:1"}
            await is_problem(await at.client.get(f"/v1/summaries/{id}/events", headers=behind), 410, "expired")


class TestRefusals:
    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            *[(method, "/v1/summaries", "GET, POST") for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "X")],
            *[(method, f"/v1/summaries/{UNKNOWN_ID}", "GET, DELETE") for method in ("HEAD", "POST")],
            *[(method, f"/v1/summaries/{UNKNOWN_ID}/events", "GET") for method in ("HEAD", "POST")],
            *[(method, "/stream?q=a", "GET") for method in ("HEAD", "POST")],
            *[(method, "/healthz", "GET") for method in ("HEAD", "POST")],
        ],
    )
    async def test_other_methods_are_405(self, method: str, path: str, allow: str) -> None:
        """HEAD too: it must never open a stream."""
        upstream = whole()
        async with served(upstream) as at:
            response = await at.client.request(method, path)
            assert response.status_code == 405
            assert response.headers["allow"] == allow
            assert upstream.prompts == []

    @pytest.mark.parametrize(
        "path", ["/v1", "/v1/summaries/", "/stream/", f"/v1/summaries/{UNKNOWN_ID}/events/", "/docs/", "//stream"]
    )
    async def test_other_paths_are_404(self, path: str) -> None:
        """No redirect either."""
        async with served(whole()) as at, raw_client(at.port) as client:
            await client.send(get(path))
            status, headers = await client.head()
            assert (status, headers["content-type"]) == (404, "application/problem+json")

    @pytest.mark.parametrize(
        ("content", "headers", "status", "code"),
        [
            (b"{", {}, 400, "invalid_json"),
            (b'{"text": "a", "text": "b"}', {}, 400, "invalid_json"),
            (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
            (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
            (b"{}", {"Accept": "text/html"}, 406, "not_acceptable"),
            (b" " * 1001, {}, 413, "too_large"),
            (b"{}", {}, 422, "invalid_request"),
            (b'{"text": " \\u200b"}', {}, 422, "invalid_request"),
            (f'{{"text": "a", "{CANARY}": 1}}'.encode(), {}, 422, "invalid_request"),
            (f'{{"text": "a", "model": "{CANARY}"}}'.encode(), {}, 422, "invalid_request"),
        ],
    )
    async def test_a_post_that_does_not_fit(
        self, content: bytes, headers: dict[str, str], status: int, code: str
    ) -> None:
        """Each with its own problem, before anything is spent."""
        upstream = whole()
        async with served(upstream, settings=Settings(max_body_bytes=1000)) as at:
            headers = {"Content-Type": "application/json"} | headers
            response = await at.client.post("/v1/summaries", content=content, headers=headers)
            await is_problem(response, status, code)
            assert upstream.prompts == []

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("", 422, "invalid_request"),
            ("text=", 422, "invalid_request"),
            ("text=a&max_bullets=51", 422, "invalid_request"),
            ("text=a&max_bullets=five", 422, "invalid_request"),
            ("text=a&text=b", 422, "invalid_request"),
            (f"text=a&{CANARY}=1", 422, "invalid_request"),
            ("q=a", 422, "invalid_request"),
            ("text=" + "a" * 8190, 414, "uri_too_long"),
        ],
    )
    async def test_a_get_that_does_not_fit(self, query: str, status: int, code: str) -> None:
        """Only what is refused before it is admitted has a status."""
        upstream = whole()
        async with served(upstream) as at:
            await is_problem(await at.client.get(f"/v1/summaries?{query}"), status, code)
            assert upstream.prompts == []

    async def test_a_field_that_does_not_fit_is_named(self) -> None:
        """By its name and our words, not by its value."""
        async with served(whole()) as at:
            response = await at.client.post("/v1/summaries", json=BODY | {"max_bullets": CANARY})
            problem = await is_problem(response, 422, "invalid_request")
            [error] = problem["errors"]
            assert error["loc"] == ["max_bullets"]
            assert error.keys() == {"loc", "code", "detail"}

    async def test_a_body_in_chunks_is_counted_too(self) -> None:
        """The client gets its answer though it goes on sending, and its connection stays sound."""
        async with served(whole(), settings=Settings(max_body_bytes=1000)) as at, raw_client(at.port) as client:
            head, _, _ = post({}).partition(b"Content-Length")
            await client.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b" " * 1024 + b"\r\n")
            status, headers = await client.head()
            assert status == 413
            await client.reader.readexactly(int(headers["content-length"]))
            await client.send(b"400\r\n" + b" " * 1024 + b"\r\n0\r\n\r\n" + get("/healthz"))
            assert (await client.head())[0] == 200

    async def test_a_body_that_does_not_come_is_408(self) -> None:
        """And the connection ends."""
        async with served(whole(), patience=Patience(body_s=0.05)) as at, raw_client(at.port) as client:
            await client.send(post(BODY)[:-5])
            status, headers = await client.head()
            assert (status, headers["connection"]) == (408, "close")
            async with asyncio.timeout(1):
                assert b"request_timeout" in await client.reader.read()

    async def test_more_summaries_than_allowed_are_503(self) -> None:
        """With the time to wait; the running ones go on."""
        gate = asyncio.Event()
        async with (
            served(saying(HEAD, gate, REST), settings=Settings(max_streams=1)) as at,
            at.client.sse("/v1/summaries", method="POST", json=BODY) as source,
        ):
            response = await at.client.post("/v1/summaries", json=BODY)
            await is_problem(response, 503, "overloaded")
            assert int(response.headers["retry-after"]) > 0
            await is_problem(await at.client.get("/stream", params={"q": TEXT}), 503, "overloaded")
            gate.set()
            assert len([event async for event in source]) == 4

    async def test_a_log_that_cannot_be_reached_is_503(self) -> None:
        """Nothing is started that nobody could read."""
        upstream = whole()
        async with served(upstream, log=Away()) as at:
            await is_problem(await at.client.post("/v1/summaries", json=BODY), 503, "log_unavailable")
            await is_problem(await at.client.get(f"/v1/summaries/{UNKNOWN_ID}"), 503, "log_unavailable")
            assert upstream.prompts == []

    async def test_a_bug_is_500_without_a_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing reaches the server's own printer."""
        async with served(whole(), log=_Broken()) as at:
            await is_problem(await at.client.get(f"/v1/summaries/{UNKNOWN_ID}"), 500, "internal_error")
        assert "ZeroDivisionError at " in caplog.text
        assert CANARY not in caplog.text
        assert "Traceback" not in caplog.text


class _Broken(Away):
    @override
    async def read(self, id: str, key: str) -> tuple[Entry, ...]:
        raise ZeroDivisionError(CANARY)


class TestDoors:
    async def test_another_name_for_this_machine_is_403(self) -> None:
        """On every route: DNS rebinding."""
        async with served(whole()) as at:
            for path in ("/healthz", "/stream?q=a", "/nothing"):
                response = await at.client.get(path, headers={"Host": "example.org"})
                await is_problem(response, 403, "forbidden")

    @pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Purpose": "prefetch"}])
    @pytest.mark.parametrize("no_keys", [True, False])
    async def test_a_page_elsewhere_cannot_spend(self, headers: dict[str, str], no_keys: bool) -> None:
        """`<img src=…/stream?q=…>`, whoever may come in; but it may follow what it has a cursor for."""
        upstream = whole()
        async with served(upstream, settings=Settings(no_keys=no_keys)) as at:
            for path in ("/stream?q=a", "/v1/summaries?text=a"):
                await is_problem(await at.client.get(path, headers=headers), 403, "forbidden")
            assert upstream.prompts == []
            cursor = {"Last-Event-ID": f"{await finished(at)}:4"}
            assert (await at.client.get("/stream?q=a", headers=headers | cursor)).status_code == 204

    async def test_without_keys_by_the_operators_will_any_name_opens(self) -> None:
        """STREAMSUM_NO_KEYS=1."""
        async with served(whole(), settings=Settings(no_keys=True)) as at:
            assert (await at.client.get("/healthz", headers={"Host": "example.org"})).status_code == 200


class TestHealth:
    async def test_it_is_alive_and_ready(self) -> None:
        """As JSON."""
        async with served(whole()) as at:
            assert (await at.client.get("/healthz")).json() == {"status": "alive"}
            assert (await at.client.get("/readyz")).json() == {"status": "ready"}

    async def test_while_draining_it_is_alive_but_not_ready(self) -> None:
        """New summaries are refused, running ones go on."""
        gate = asyncio.Event()
        async with (
            served(saying(HEAD, gate, REST)) as at,
            at.client.sse("/v1/summaries", method="POST", json=BODY) as source,
        ):
            draining = asyncio.create_task(at.service.runs.drain(LIMIT_S))
            await asyncio.sleep(0)
            response = await at.client.get("/readyz")
            await is_problem(response, 503, "draining")
            assert int(response.headers["retry-after"]) > 0
            await is_problem(await at.client.post("/v1/summaries", json=BODY), 503, "draining")
            await is_problem(await at.client.get("/stream", params={"q": TEXT}), 503, "draining")
            assert (await at.client.get("/healthz")).status_code == 200
            gate.set()
            assert len([event async for event in source]) == 4
            await draining


class TestLife:
    async def test_mounted_in_another_app_its_locations_hold(self) -> None:
        """Whoever mounts it runs its lifespan."""
        app = create_app(Settings(), upstream=whole())
        async with (
            asyncio.timeout(LIMIT_S),
            lifespan(app),
            serving(Starlette(routes=[Mount("/sums", app)])) as port,
            client_of(port) as client,
        ):
            response = await client.post("/sums/v1/summaries", json=BODY)
            assert response.headers["location"].startswith("/sums/v1/summaries/")
            assert (await client.get(response.headers["location"])).json()["status"] == "completed"

    async def test_without_its_lifespan_it_says_so(self, caplog: pytest.LogCaptureFixture) -> None:
        """To the operator, in plain words."""
        app = create_app(Settings(), upstream=whole())
        async with asyncio.timeout(LIMIT_S), serving(app) as port, client_of(port) as client:
            await is_problem(await client.get("/healthz"), 500, "internal_error")
        assert "streamsum.lifespan(app)" in caplog.text

    async def test_what_it_was_given_it_does_not_close(self) -> None:
        """Upstream and log are the caller's."""
        upstream, log = whole(), MemoryLog(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        async with served(upstream, log=log) as at:
            id = await finished(at)
        assert not upstream.let_go
        assert len(await log.read(id, "")) == 4

    async def test_its_end_ends_what_runs(self) -> None:
        """Whatever else the server does."""
        upstream = saying(HEAD, asyncio.Event())
        async with served(upstream) as at, raw_client(at.port) as client:
            await client.send(post(BODY))
            await client.reader.readuntil(b"The first.")
        assert upstream.open == 0

    def test_without_settings_it_reads_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And says what is wrong there."""
        monkeypatch.setenv("STREAMSUM_KEEP_S", "soon")
        with pytest.raises(SettingsError, match="STREAMSUM_KEEP_S"):
            create_app()


async def test_the_text_is_in_no_log_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    """Nor is a bullet, from the library that serves to the one that asks the model."""
    caplog.set_level(logging.DEBUG)
    document = bullets(f"{CANARY} one.", f"{CANARY} two.")
    async with FakeUpstream(answer(document)) as model, served(None, settings=settings_for(model)) as at:
        assert len(events_of(await at.client.post("/v1/summaries", json=BODY))) == 4
    ours = [record for record in caplog.records if not record.name.startswith(("asyncio", "httpx2", "httpcore2"))]
    assert CANARY not in "".join(record.getMessage() for record in ours)
