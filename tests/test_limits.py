"""The settings that bound memory and time, over real HTTP. Those that tests elsewhere prove are not repeated:
STREAMSUM_MAX_STREAMS and STREAMSUM_MAX_BODY_BYTES in test_app.py, STREAMSUM_STALL_S in test_faults.py.
"""

import asyncio
import json
from typing import Any

import pytest

from benchmarks.fake_upstream import Content, FakeUpstream, Forever, NoAnswer, Pause, Reasoning, Role, Script, Stall
from streamsum.settings import Settings
from streamsum.upstream.base import Capabilities
from tests.scripted import ScriptedUpstream
from tests.servers import environment_for, events_of, served

DOCUMENT = '{"bullets": ["The first.", "The second."]}'
HEAD = '{"bullets": ["The first."'


async def test_running_sources_are_bounded_together() -> None:
    """In UTF-8 bytes; more get a 503 that says when to try again, and what is over frees its room."""
    gate = asyncio.Event()
    upstream = ScriptedUpstream(script=[HEAD, gate, "]}"])
    async with (
        served(upstream, settings=Settings(source_bytes=100)) as at,
        at.client.sse("/v1/summaries", method="POST", json={"text": "é" * 40}) as source,
    ):
        for method, path, more in (
            ("POST", "/v1/summaries", {"json": {"text": "a" * 21}}),
            ("POST", "/v1/summaries", {"json": {"text": "a" * 21, "stream": False}}),
            ("GET", "/stream", {"params": {"q": "é" * 11}}),
        ):
            response = await at.client.request(method, path, **more)
            assert (response.status_code, response.json()["code"]) == (503, "overloaded")
            assert int(response.headers["retry-after"]) > 0
        assert len(upstream.prompts) == 1
        gate.set()
        assert len([event async for event in source]) == 3
        while len(at.service.runs):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        response = await at.client.post("/v1/summaries", json={"text": "é" * 50})
        assert events_of(response)[-1]["finish"] == "complete"


async def test_what_is_over_is_kept_within_its_bytes() -> None:
    """The oldest go; with a cursor they are expired, without they are not there."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=Settings(keep_bytes=10_000)) as at:
        ids = []
        for _ in range(5):
            response = await at.client.post("/v1/summaries", json={"text": "A source.", "stream": False})
            ids.append(response.json()["id"])
        statuses = [(await at.client.get(f"/v1/summaries/{id}")).status_code for id in ids]
        assert statuses == sorted(statuses, reverse=True)
        assert (statuses[0], statuses[-1]) == (404, 200)
        gone = await at.client.get("/stream?q=a", headers={"Last-Event-ID": f"{ids[0]}:1"})
        assert (gone.status_code, gone.json()["code"]) == (410, "expired")


@pytest.mark.parametrize("settings", [Settings(keep_bytes=0), Settings(keep_s=0)])
async def test_nothing_may_be_kept_at_all(settings: Settings) -> None:
    """Who listens to the end still gets all."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=settings) as at:
        response = await at.client.post("/v1/summaries", json={"text": "A source."})
        id = events_of(response)[0]["id"]
        assert (await at.client.get(f"/v1/summaries/{id}")).status_code == 404


THINKING: Script = (Role(), Forever((Reasoning("Well, "), Pause(0.02))))
DRIPPING: Script = (Role(), Content(HEAD), Forever((Content(" "), Pause(0.02))))
CLOCKS = [
    pytest.param({"STREAMSUM_THINK_S": "0.8"}, THINKING, id="think: reasoning, and never a word"),
    pytest.param({"STREAMSUM_STALL_S": "0.8"}, (Role(), Stall()), id="stall: silence"),
    pytest.param({"STREAMSUM_STALL_S": "0.8"}, (NoAnswer(),), id="stall: no answer at all"),
    pytest.param({"STREAMSUM_TOTAL_S": "0.8"}, THINKING, id="total: reasoning"),
    pytest.param({"STREAMSUM_TOTAL_S": "0.8"}, (NoAnswer(),), id="total: no answer at all"),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("clock", "script"), CLOCKS)
async def test_a_model_that_takes_too_long_for_its_first_word_is_504(
    clock: dict[str, str], script: Script, stream: bool
) -> None:
    """While the status can still say it; the model is hung up."""
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model, clock)) as at:
        response = await at.client.post("/v1/summaries", json={"text": "A source.", "stream": stream})
        assert (response.status_code, response.json()["code"]) == (504, "upstream_timeout")
        assert await (await model.next_call()).closed(within=1) == "hung_up"


@pytest.mark.parametrize(("clock", "script"), CLOCKS)
async def test_after_the_first_byte_it_is_an_event(clock: dict[str, str], script: Script) -> None:
    """The headers are gone when the clock rings."""
    clock = clock | {"STREAMSUM_FIRST_BYTE_S": "0.1"}
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model, clock)) as at:
        events = events_of(await at.client.post("/v1/summaries", json={"text": "A source."}))
        assert [event["type"] for event in events] == ["summary.created", "summary.failed"]
        assert events[-1]["problem"]["code"] == "upstream_timeout"
        assert await (await model.next_call()).closed(within=1) == "hung_up"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_slow_drip_ends_with_the_total_time(stream: bool) -> None:
    """Though something always comes: the bullets that came stay."""
    clock = {"STREAMSUM_TOTAL_S": "2", "STREAMSUM_STALL_S": "1.5"}
    async with FakeUpstream(DRIPPING) as model, served(None, settings=settings_for(model, clock)) as at:
        response = await at.client.post("/v1/summaries", json={"text": "A source.", "stream": stream})
        failed: dict[str, Any] = events_of(response)[-1] if stream else response.json()
        assert failed["problem"]["code"] == "upstream_timeout"
        assert (failed["ledger"]["finish"], failed["ledger"]["bullets"]) == ("upstream_timeout", 1)
        assert await (await model.next_call()).closed(within=1) == "hung_up"


def settings_for(model: FakeUpstream, clock: dict[str, str]) -> Settings:
    return Settings.read(environment_for(model) | clock)


LONG = {"text": "A sentence like any other. " * 4000}


def small() -> ScriptedUpstream:
    return ScriptedUpstream(script=[DOCUMENT], can=Capabilities(context_tokens=8192))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_text_that_no_context_holds_is_422_before_anything_is_spent(stream: bool) -> None:
    """With the length that usually fits, which is taken."""
    upstream = small()
    async with served(upstream) as at:
        response = await at.client.post("/v1/summaries", json=LONG | {"stream": stream})
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "context_too_long")
        assert (upstream.prompts, len(at.service.runs)) == ([], 0)
        fitting = {"text": LONG["text"][: problem["max_chars"]], "stream": stream}
        assert (await at.client.post("/v1/summaries", json=fitting)).status_code == 200


async def test_a_get_is_told_by_its_status_too() -> None:
    """It has not been admitted: no summary, nothing to come back to."""
    upstream = ScriptedUpstream(can=Capabilities(context_tokens=512))
    async with served(upstream) as at:
        response = await at.client.get("/stream", params={"q": "A sentence. " * 500})
        assert (response.status_code, response.json()["code"]) == (422, "context_too_long")
        assert upstream.prompts == []


async def test_the_models_are_told_with_their_limits() -> None:
    """A text as long as that is taken; what is not known is null."""
    async with served(small()) as at:
        response = await at.client.get("/v1/models")
        [model] = response.json()["models"]
        assert (model["id"], model["default"], model["context_tokens"]) == ("parrot", True, 8192)
        body = {"text": "a" * model["max_chars"], "model": "parrot"}
        assert (await at.client.post("/v1/summaries", json=body)).status_code == 200
    async with served(ScriptedUpstream()) as at:
        models = json.loads((await at.client.get("/v1/models")).content)["models"]
        assert models == [{"id": "parrot", "default": True, "context_tokens": None, "max_chars": None}]
        assert (await at.client.post("/v1/models")).status_code == 405
