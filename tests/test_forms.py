"""The forms in which a summary can be had, over real HTTP: as one object, with previews, with a user's own items."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx2
import pytest
from pydantic import AfterValidator, BaseModel, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from benchmarks.fake_upstream import (
    Chunk,
    Content,
    Done,
    FakeUpstream,
    Finish,
    NoAnswer,
    Refusal,
    Reset,
    Role,
    Stall,
    Status,
    Step,
    Usage,
    answer,
)
from streamsum.settings import Settings
from streamsum.upstream.given import Given
from streamsum.web.app import create_app, lifespan
from tests.invariants import check
from tests.scripted import ScriptedUpstream
from tests.servers import LIMIT_S, client_of, environment_for, served, serving

CANARY = "canary-44d0"
WHOLE = {"text": "A source with 7 words in it.", "stream": False}


def clock_for(script: Sequence[Step]) -> dict[str, str]:
    """A short one where it is silence that is to end, and the usual one elsewhere: machines may be slow."""
    return {"STREAMSUM_STALL_S": "1"} if any(each in (Stall(), NoAnswer()) for each in script) else {}


POSITIONS = {
    "before": ('{"bullets": [', 0),
    "between": ('{"bullets": ["first one", "sec', 1),
    "after": ('{"bullets": ["first one", "second one"]}', 2),
}


@dataclass(frozen=True)
class Fault:
    """What follows the content, and how it is told: the problem if there is no bullet, the finish if there is one."""

    name: str
    steps: tuple[Step, ...]
    problem: str
    with_bullets: str


ERROR = Chunk({"error": {"message": CANARY}})
FAULTS = [
    Fault("cut", (Reset(),), "502 upstream_truncated", "failed upstream_truncated"),
    Fault("silence", (Stall(),), "504 upstream_timeout", "failed upstream_timeout"),
    Fault("an error", (ERROR,), "502 upstream_error", "failed upstream_error"),
    Fault("a refusal", (Refusal(CANARY), Finish("stop"), Done()), "502 refusal", "failed refusal"),
    Fault("out of tokens", (Finish("length"), Done()), "502 length", "completed length"),
    Fault("a filter", (Finish("content_filter"), Done()), "502 content_filter", "completed content_filter"),
]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_one_object_or_a_problem(fault: Fault, position: str) -> None:
    """200 if it completed, or failed with a bullet; else the problem's status. The same as is kept."""
    content, bullets = POSITIONS[position]
    async with (
        FakeUpstream((Role(), Content(content), *fault.steps)) as model,
        served(None, settings=Settings.read(environment_for(model) | clock_for(fault.steps))) as at,
    ):
        response = await at.client.post("/v1/summaries", json=WHOLE)
        told = response.json()
        assert CANARY not in response.text
        if bullets == 0:
            assert f"{response.status_code} {told['code']}" == fault.problem
            assert response.headers["content-type"] == "application/problem+json"
        else:
            expected = "completed complete" if position == "after" else fault.with_bullets
            assert (response.status_code, f"{told['status']} {told['ledger']['finish']}") == (200, expected)
            assert len(told["bullets"]) == bullets
            assert (told["problem"] is None) == (told["status"] == "completed")
            assert (await at.client.get(f"/v1/summaries/{told['id']}")).json() == told


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ((NoAnswer(),), "504 upstream_timeout"),
        ((Role(), Stall()), "504 upstream_timeout"),
        ((Status(429),), "503 overloaded"),
        ((Status(500),), "502 upstream_error"),
        ((Status(404),), "502 upstream_rejected"),
        (answer("Nothing that you would want."), "502 output_invalid"),
        (answer('{"bullets": ["", ""]}'), "502 output_invalid"),
        (answer('{"bullets": [' + " " * 1100), "502 limit"),
        (answer('{"bullets": []}'), "200 complete"),
    ],
)
async def test_what_goes_wrong_before_the_first_bullet_is_a_status(script: tuple[Step, ...], expected: str) -> None:
    """However long it took to know."""
    settings = clock_for(script) | {"STREAMSUM_FIRST_BYTE_S": "0.05"}
    async with (
        FakeUpstream(script) as model,
        served(None, settings=Settings.read(environment_for(model) | settings)) as at,
    ):
        response = await at.client.post("/v1/summaries", json=WHOLE)
        told = response.json()
        assert f"{response.status_code} {told['ledger']['finish'] if 'ledger' in told else told['code']}" == expected


async def test_a_cancelled_one_has_completed_without_a_bullet() -> None:
    """Somebody else may end it; who waits for it is told."""
    upstream = ScriptedUpstream(script=['{"bullets": [', asyncio.Event()])
    async with served(upstream) as at:
        waiting = asyncio.create_task(at.client.post("/v1/summaries", json=WHOLE))
        while not upstream.open:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        [run] = at.service.runs._tasks.values()  # noqa: SLF001 - its client has not been told the id
        assert (await at.client.delete(f"/v1/summaries/{run.id}")).status_code == 204
        response = await waiting
        assert (response.status_code, response.json()["ledger"]["finish"]) == (200, "cancelled")


async def test_the_figures_are_in_the_ledger() -> None:
    """What the upstream counted."""
    async with (
        FakeUpstream((*answer('{"bullets": ["one"]}')[:-2], Usage(11, 7), Done())) as model,
        served(None, settings=Settings.read(environment_for(model))) as at,
    ):
        [only] = (await at.client.post("/v1/summaries", json=WHOLE)).json()["ledger"]["passes"]
        assert (only["kind"], only["prompt_tokens"], only["completion_tokens"]) == ("first", 11, 7)


# Previews.


def growing(gate: asyncio.Event) -> ScriptedUpstream:
    return ScriptedUpstream(script=['{"bullets": ["The', 0.12, " first", gate, '", "', 0.12, "Sec", 0.12, 'ond"]}'])


async def test_a_preview_has_no_id_and_is_not_replayed() -> None:
    """It is shown to who listens now, between events whose numbers have no gaps."""
    gate = asyncio.Event()
    async with served(growing(gate)) as at:
        body = {"text": "A source.", "preview": True}
        async with at.client.sse("/v1/summaries", method="POST", json=body) as source:
            frames = []
            async for frame in source:
                frames.append(frame)
                if len(frames) == 3:
                    gate.set()
        assert [(frame.event, json.loads(frame.data).get("text")) for frame in frames[:-1]] == [
            ("summary.created", None),
            ("bullet.delta", "The"),
            ("bullet.delta", "The first"),
            ("bullet", "The first"),
            ("bullet.delta", "Sec"),
            ("bullet", "Second"),
        ]
        assert [json.loads(frames[n].data)["index"] for n in (1, 2, 4)] == [0, 0, 1]
        id = json.loads(frames[0].data)["id"]
        # An event without an id leaves the last one standing: that is where a client would resume.
        assert [frame.id for frame in frames] == [f"{id}:{n}" for n in (1, 1, 1, 2, 2, 3, 4)]
        replay = await at.client.get(f"/v1/summaries/{id}/events")
        assert [event["type"] for event in check(replay.content).events] == [
            frame.event for frame in frames if frame.event != "bullet.delta"
        ]


async def test_one_object_has_no_previews() -> None:
    """Asked for or not."""
    gate = asyncio.Event()
    gate.set()
    async with served(growing(gate)) as at:
        response = await at.client.post("/v1/summaries", json=WHOLE | {"preview": True})
        assert [bullet["text"] for bullet in response.json()["bullets"]] == ["The first", "Second"]
        assert "delta" not in response.text.replace("first_delta_ms", "")


async def test_by_get_too() -> None:
    """`preview=true` in the query."""
    gate = asyncio.Event()
    gate.set()
    async with served(growing(gate)) as at:
        response = await at.client.get("/stream", params={"q": "A source.", "preview": "true"})
        assert b"event: bullet.delta\n" in response.content
        assert b"event: bullet.delta" not in (await at.client.get("/stream", params={"q": "A source."})).content


# A user's own items.


def _known(names: list[str]) -> list[str]:
    if CANARY in names:
        raise PydanticCustomError("unknown_name", "never shown")
    return names


class Fact(BaseModel):
    """One that a user could have."""

    text: str
    year: int | None = None
    names: Annotated[list[str], AfterValidator(_known)] = []

    @field_validator("year")
    @classmethod
    def _is_in_source(cls, year: int | None, info: ValidationInfo) -> int | None:
        if year is not None and info.context and str(year) not in info.context["source"]:
            raise PydanticCustomError("unknown_year", "never shown")
        return year


FACTS = [
    {"text": "Ships sailed.", "year": 1914, "names": ["Zoë"]},
    {"text": "They sank.", "year": 1999},
    {"text": "Somebody saw it.", "names": [CANARY]},
    {"text": "Nothing is known of them."},
]


async def test_items_are_told_whole() -> None:
    """In the event and in the summary; what fails a user's own check is rejected with its code, not its text."""
    document = json.dumps({"bullets": FACTS}, ensure_ascii=False)
    async with served_with(ScriptedUpstream(script=[document]), Fact) as client:
        events = check((await client.post("/v1/summaries", json={"text": "Zoë, in 1914."})).content).events
        assert [event["item"] for event in events if event["type"] == "bullet"] == [
            {"text": "Ships sailed.", "year": 1914, "names": ["Zoë"]},
            {"text": "Nothing is known of them.", "year": None, "names": []},
        ]
        codes = [reason["code"] for event in events if "reasons" in event for reason in event["reasons"]]
        assert codes == ["unknown_year", "unknown_name"]
        assert CANARY not in json.dumps(events)
        summary = (await client.get(f"/v1/summaries/{events[0]['id']}")).json()
        assert summary["bullets"] == [without_type(event) for event in events if event["type"] == "bullet"]
        whole = (await client.post("/v1/summaries", json={"text": "Zoë, in 1914.", "stream": False})).json()
        assert whole["bullets"] == summary["bullets"]


async def test_without_an_item_model_there_is_no_item() -> None:
    """The field is not even null."""
    async with served(ScriptedUpstream(script=['{"bullets": [{"text": "a b"}]}'])) as at:
        [bullet] = (await at.client.post("/v1/summaries", json=WHOLE)).json()["bullets"]
        assert "item" not in bullet


def without_type(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "type"}


@asynccontextmanager
async def served_with(upstream: Given, item_model: type[BaseModel]) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(Settings(reask=0), upstream=upstream, item_model=item_model)
    async with asyncio.timeout(LIMIT_S), lifespan(app), serving(app) as port, client_of(port) as client:
        yield client
