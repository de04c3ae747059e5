"""What is recorded of a request."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from streamsum.runs.log import Entry
from streamsum.runs.memory_log import MemoryLog
from streamsum.settings import Settings
from streamsum.web.app import create_app, lifespan
from streamsum.web.recording import origin_of
from tests.asgi import Wire, scope_of
from tests.keys import ALICE, bearer, keyed
from tests.scripted import ScriptedUpstream
from tests.servers import events_of, served

CANARY = "xyzzy-canary"
DOCUMENT = '{"bullets": ["The first."]}'


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="streamsum")
    return caplog


def fields(lines: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    said = [vars(record)["streamsum_event"] for record in lines.records if record.name == "streamsum"]
    return [one for one in said if one["event"] == event]


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", f"/stream?q={CANARY}", "/stream", 200),
        ("GET", f"/v1/summaries/{'x' * 22}", "/v1/summaries/{id}", 404),
        ("GET", f"/{CANARY}", "-", 404),
        ("DELETE", "/v1/summaries", "/v1/summaries", 405),
        ("PROPFIND", "/v1/summaries", "/v1/summaries", 405),
    ],
)
async def test_a_request_is_a_line_for_who_looks(
    method: str, path: str, route: str, status: int, lines: pytest.LogCaptureFixture
) -> None:
    """By its route as it is declared, under its id; of a method that is none, that it is none."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as it:
        await it.client.request(method, path, headers={"X-Request-ID": "request-1"})
    said = {"request_id": "request-1", "route": route, "status": status}
    said["method"] = "_OTHER" if method == "PROPFIND" else method
    assert fields(lines, "answered") == [{"event": "answered", **said}]
    assert CANARY not in lines.text


@pytest.mark.parametrize(("secret", "status"), [(ALICE, 200), (ALICE, 429), ("ssk_xyzzy-canary", 401)])
async def test_with_keys_it_says_whose_it_was(secret: str, status: int, lines: pytest.LogCaptureFixture) -> None:
    """By the name that the operator gave the key; of what is none, nothing. That is how one finds who is refused."""
    async with served(ScriptedUpstream(), settings=keyed(requests_per_minute=1)) as it:
        if status == 429:
            await it.client.get("/v1/models", headers=bearer())
        assert (await it.client.get("/v1/models", headers=bearer(secret))).status_code == status
    line = fields(lines, "answered")[-1]
    assert (line["status"], line.get("key")) == (status, "alice" if secret == ALICE else None)
    assert secret not in lines.text


async def test_health_and_figures_are_not_told(lines: pytest.LogCaptureFixture) -> None:
    """They are asked for every few seconds."""
    async with served(ScriptedUpstream()) as it:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await it.client.get(path)).status_code == 200
    assert fields(lines, "answered") == []


async def test_nor_where_the_app_is_mounted(lines: pytest.LogCaptureFixture) -> None:
    """Their paths are longer there; and that we are not ready is no problem of a caller's."""
    app = create_app(Settings(), upstream=ScriptedUpstream())
    async with lifespan(app):
        await app.state.service.runs.drain(0)
        for path, status in (("/sums/healthz", 200), ("/sums/readyz", 503)):
            wire = Wire()
            await wire.run(app, scope_of(path, root_path="/sums"))
            assert wire.status == status
        figures = app.state.service.telemetry.metrics.exposition().decode()
    assert fields(lines, "answered") == []
    assert 'streamsum_problems_total{code="draining"} 0.0' in figures


class BrokenLog(MemoryLog):
    @override
    async def read(self, id: str, key: str) -> Sequence[Entry]:
        raise RuntimeError(CANARY)


async def test_a_bug_is_found_by_its_request_id(lines: pytest.LogCaptureFixture) -> None:
    """Which the answer told its caller: on which route, and where in the code."""
    log = BrokenLog(grace_s=10, keep_s=10, keep_bytes=1 << 20)
    app = create_app(Settings(), upstream=ScriptedUpstream(), log=log)
    wire = Wire()
    async with lifespan(app):
        await wire.run(app, scope_of(f"/v1/summaries/{'x' * 22}"))
    assert wire.status == 500
    (line,) = fields(lines, "a bug")
    assert (line["request_id"], line["route"]) == (wire.headers["x-request-id"], "/v1/summaries/{id}")
    assert line["error"].startswith("RuntimeError at ")
    assert CANARY not in lines.text
    await log.aclose()


@pytest.mark.parametrize("way", ["body", "query"])
async def test_a_summarys_line_names_its_request(way: str, lines: pytest.LogCaptureFixture) -> None:
    """The one that began it, by the id that its caller was told."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as it:
        if way == "body":
            response = await it.client.post("/v1/summaries", json={"text": "a"})
        else:
            response = await it.client.get("/stream?q=a")
        events_of(response)
        location = response.headers["location"]
        events_of(await it.client.get(f"{location}/events"))
    (line,) = fields(lines, "summary ended")
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["summary"] == location.rpartition("/")[2]


async def test_a_client_that_leaves_first_has_no_status(lines: pytest.LogCaptureFixture) -> None:
    """The line is there all the same."""
    app = create_app(Settings(), upstream=ScriptedUpstream())
    wire = Wire()
    wire.left.set()
    async with lifespan(app):
        post = {**scope_of("/v1/summaries", headers={"content-type": "application/json"}), "method": "POST"}
        await wire.run(app, post)
    assert wire.sent == []
    (line,) = fields(lines, "answered")
    assert (line["route"], line["status"]) == ("/v1/summaries", 0)


async def test_without_a_service_nothing_is_recorded_but_the_line(lines: pytest.LogCaptureFixture) -> None:
    """Nobody has opened it yet: who may come in is not known."""
    wire = Wire()
    await wire.run(create_app(Settings(), upstream=ScriptedUpstream()), scope_of("/nowhere"))
    assert [line["status"] for line in fields(lines, "answered")] == [500]


def test_what_no_request_began_has_no_origin() -> None:
    """A route that is called by itself, in a test."""
    assert origin_of(scope_of()).request_id is None
