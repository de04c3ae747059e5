"""What another upstream is good for: each fault of `test_faults.py`, at each position, with a second one there."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_upstream import (
    Content,
    Delivery,
    Done,
    FakeUpstream,
    Finish,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Usage,
    answer,
    bullets,
)
from streamsum.settings import Settings
from tests import invariants
from tests.servers import Served, environment_for, served, settings_for
from tests.test_faults import CANARY, FAULTS, POSITIONS, REFUSALS, Fault, Refused, cuts
from tests.upstreams import settings_of

pytestmark = pytest.mark.slow

# The model had its say, or we ours: nobody else is asked.
FINAL = {"limit", "content_filter", "refusal"}
SECOND = answer(bullets("First  ONE.", "second one", "third one"))
KEYS = {"KEY_A": "sk-a", "KEY_B": "sk-b"}
CLOSED = "http://127.0.0.1:1/v1"


async def ask(it: Served, **more: object) -> invariants.Received:
    response = await it.client.post("/v1/summaries", json={"text": "A source.", "evidence": "off", **more})
    assert response.status_code == 200, response.text
    return invariants.check(response.content, canaries=[CANARY])


def kinds(received: invariants.Received) -> list[tuple[str, str]]:
    return [(one["kind"], one["model"]) for one in received.ledger["passes"]]


def clocks(fault: Fault) -> dict[str, str]:
    return {"STREAMSUM_STALL_S": "1.5"} if fault.is_silence else {}


@pytest.mark.parametrize("position", ["before", "between"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_in_mid_stream_is_gone_on_from(fault: Fault, position: str, tmp_path: Path) -> None:
    """By the second upstream: what stands is neither repeated nor lost, and the client sees one stream."""
    seen = [without_last_words(await go_on(fault, position, tmp_path, Delivery(cut=cut))) for cut in cuts(fault)[:2]]
    for events in seen[1:]:  # in reads of any size
        assert events == seen[0]


async def go_on(fault: Fault, position: str, folder: Path, delivery: Delivery) -> list[dict[str, Any]]:
    content, standing = POSITIONS[position]
    script: Script = (Role(), Content(content), *fault.steps)
    async with (
        FakeUpstream(script, delivery=delivery) as first,
        FakeUpstream(SECOND, delivery=delivery) as second,
        served(None, settings=settings_of(folder, first, second, **clocks(fault))) as it,
    ):
        received = await ask(it)
        assert await (await first.next_call()).closed(within=1)
        if fault.ends.lstrip("+") in FINAL:
            assert received.finish == fault.finish(position)
            assert second.calls_made == 0
            return received.comparable
        assert received.finish == "complete"
        asked = await second.next_call()
    assert kinds(received) == [("first", "model-a"), ("continue", "model-b")]
    assert received.bullets == [*(standing or ["First ONE."]), "second one", "third one"]
    assert received.rejections == ["duplicate"] * len(standing)
    prompt = json.dumps(asked.body["messages"])
    assert all(bullet in prompt for bullet in standing)
    assert (asked.headers["authorization"], asked.body["model"]) == ("Bearer sk-b", "model-b")
    assert "sk-a" not in str(asked.headers)
    return received.comparable


def without_last_words(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what is waited for only for a moment after the document: in single bytes it may come too late."""
    for one in events[-1].get("ledger", events[-1])["passes"]:
        for name in ("finish_reason", "prompt_tokens", "completion_tokens"):
            one.pop(name)
    return events


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_after_the_document_calls_nobody(fault: Fault, tmp_path: Path) -> None:
    """What the upstream does then stands in the ledger only."""
    content, standing = POSITIONS["after"]
    async with FakeUpstream((Role(), Content(content), *fault.steps)) as first, FakeUpstream(SECOND) as second:
        async with served(None, settings=settings_of(tmp_path, first, second, **clocks(fault))) as it:
            received = await ask(it)
        assert (received.bullets, received.finish, second.calls_made) == (standing, "complete", 0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_before_any_content_goes_to_the_next(fault: Fault, tmp_path: Path) -> None:
    """What may pass is tried once more first; every call stands in the ledger."""
    async with FakeUpstream(tuple(fault.steps)) as first, FakeUpstream(SECOND) as second:
        async with served(None, settings=settings_of(tmp_path, first, second, **clocks(fault))) as it:
            response = await it.client.post("/v1/summaries", json={"text": "A source.", "evidence": "off"})
        code = fault.at_once.removeprefix("502 ").removeprefix("504 ")
        if code in FINAL or "output_invalid" in code or "failed:limit" in code:
            assert second.calls_made == 0
            return
        received = invariants.check(response.content, canaries=[CANARY])
        tries = 2 if code in {"upstream_error", "upstream_truncated"} else 1
        assert kinds(received) == [("first", "model-a")] * tries + [("first", "model-b")]
        assert (received.finish, len(received.bullets)) == ("complete", 3)


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: f"{refused.status} {refused.code}")
async def test_who_refuses_is_passed_over(refused: Refused, tmp_path: Path) -> None:
    """At once where trying again cannot help, or would have to wait; nobody's key goes to another."""
    script = (Status(refused.status, dict(refused.headers), refused.body),)
    async with FakeUpstream(script) as first, FakeUpstream(SECOND) as second:
        async with served(None, settings=settings_of(tmp_path, first, second)) as it:
            received = await ask(it)
        assert first.calls_made == (2 if refused.code == "upstream_error" else 1)
        assert received.finish == "complete"
        for model, key in [(first, "Bearer sk-a"), (second, "Bearer sk-b")]:
            assert {call.headers["authorization"] for call in model.calls} == {key}


async def test_a_server_that_is_back_at_once_is_asked_again() -> None:
    """The one upstream there is, refused once: the same pass again, and nothing of it is seen by the client."""
    scripts = iter([(Reset(),), answer(bullets("It came.")), (Status(500),), answer(bullets("It came."))])
    async with FakeUpstream(lambda *_: next(scripts)) as model, served(None, settings=settings_for(model)) as it:
        for _ in range(2):
            received = await ask(it)
            assert (received.bullets, received.finish, len(kinds(received))) == (["It came."], "complete", 2)


async def test_who_is_busy_is_waited_for_only_within_the_budget() -> None:
    """Retry-After: a second is waited for where there is no other upstream; what is longer than the budget is told."""
    scripts = iter(
        [(Status(429, {"Retry-After": "1"}),), answer(bullets("It came.")), (Status(429, {"Retry-After": "9"}),)]
    )
    async with FakeUpstream(lambda *_: next(scripts)) as model:
        settings = Settings.read(environment_for(model) | {"STREAMSUM_FIRST_BYTE_S": "4"})
        async with served(None, settings=settings) as it:
            assert (await ask(it)).bullets == ["It came."]
            response = await it.client.post("/v1/summaries", json={"text": "A source."})
            assert (response.status_code, response.headers["retry-after"]) == (503, "9")
        assert model.calls_made == 3


async def test_all_of_them_may_fail(tmp_path: Path) -> None:
    """The fault of the last that brought anything is the summary's; every pass stands in the ledger, with its cost."""
    head = '{"bullets": ["first one", '
    a = (Role(), Content(head), Finish("length"), Usage(7, 3), Done())
    b = (Role(), Content('{"bullets": ["more", '), Reset())
    async with (
        FakeUpstream(a) as first,
        FakeUpstream(b) as second,
        served(None, settings=settings_of(tmp_path, first, second, CLOSED)) as it,
    ):
        received = await ask(it)
    assert received.bullets == ["first one", "more"]
    assert received.finish == "failed:upstream_truncated"  # as the last that said anything ended
    assert kinds(received) == [("first", "model-a"), ("continue", "model-b"), *[("continue", "model-c")] * 2]
    usages = [one["completion_tokens"] for one in received.ledger["passes"]]
    assert usages == [3, None, None, None]


async def test_enough_bullets_are_enough(tmp_path: Path) -> None:
    """A stream that breaks after the last bullet that was wanted is not gone on from."""
    async with (
        FakeUpstream((Role(), Content('{"bullets": ["one", "two"'), Reset())) as first,
        FakeUpstream(SECOND) as second,
        served(None, settings=settings_of(tmp_path, first, second)) as it,
    ):
        received = await ask(it, max_bullets=2)
        assert second.calls_made == 0
    assert received.finish == "failed:upstream_truncated"


async def test_only_as_many_as_are_missing_are_asked_for(tmp_path: Path) -> None:
    """And when they have come, the rest is not waited for."""
    async with (
        FakeUpstream((Role(), Content('{"bullets": ["one", "two", "th'), Reset())) as first,
        FakeUpstream(answer(bullets("three", "four", "five", "six"))) as second,
        served(None, settings=settings_of(tmp_path, first, second)) as it,
    ):
        received = await ask(it, max_bullets=4)
        schema = (await second.next_call()).body["response_format"]["json_schema"]["schema"]
    assert (received.bullets, received.finish) == (["one", "two", "three", "four"], "max_bullets")
    assert schema["properties"]["bullets"]["maxItems"] == 2


async def test_who_fails_again_and_again_rests(tmp_path: Path) -> None:
    """Five failures in a row, and the next summaries go to the second upstream at once."""
    async with FakeUpstream((Status(401),)) as first, FakeUpstream(SECOND) as second:
        async with served(None, settings=settings_of(tmp_path, first, second)) as it:
            for _ in range(8):
                assert (await ask(it)).finish == "complete"
        assert (first.calls_made, second.calls_made) == (5, 8)


async def test_leaving_hangs_up_whichever_model_writes(tmp_path: Path) -> None:
    """A client that leaves while the second upstream writes: that one is closed within a second."""
    a = (Role(), Content('{"bullets": ["one", "tw'), Reset())
    b = (Role(), Content('{"bullets": ["two", "thr'), Stall())
    async with (
        FakeUpstream(a) as first,
        FakeUpstream(b) as second,
        served(None, settings=settings_of(tmp_path, first, second)) as it,
    ):
        body = {"text": "A source.", "on_disconnect": "cancel"}
        async with it.client.stream("POST", "/v1/summaries", json=body) as response:
            async for line in response.aiter_lines():
                if '"index":1' in line:
                    break
        assert await (await second.next_call()).closed(within=1) == "hung_up"


async def test_a_summary_that_is_deleted_between_two_calls_ends(tmp_path: Path) -> None:
    """While it waits to ask a busy server again."""
    async with (
        FakeUpstream((Status(429, {"Retry-After": "4"}),)) as model,
        served(None, settings=settings_for(model)) as it,
        it.client.stream("GET", "/stream?q=A+source.") as response,
    ):
        await (await model.next_call()).closed(within=5)
        assert (await it.client.delete(response.headers["location"])).status_code == 204
        received = invariants.check(await response.aread())
        assert (received.finish, model.calls_made) == ("cancelled", 1)


@pytest.mark.parametrize("status", [401, 500])
async def test_a_second_upstream_never_makes_it_worse(status: int, tmp_path: Path) -> None:
    """Out of tokens after a bullet is a completed summary, with or without somebody to go on who cannot."""
    first = (Role(), Content('{"bullets": ["first one", "sec'), Finish("length"), Done())
    async with FakeUpstream(first) as a, FakeUpstream((Status(status),)) as b:
        async with served(None, settings=settings_of(tmp_path, a, b)) as it:
            received = await ask(it)
        assert b.calls_made
    assert (received.finish, received.bullets) == ("length", ["first one"])


async def test_whoever_can_quote_is_asked_to_and_only_they_are_believed(tmp_path: Path) -> None:
    """The first upstream is marked `quotes`; what goes on after it is not, and its quote is an unknown key."""
    source = "The tower was lit in 1698. In the end a great storm took it away."
    quoted = '{"bullets": [{"text": "It was lost.", "quote": "a great storm took it"}, {"text": "It w'
    plain = '{"bullets": [{"text": "It was of cheese.", "quote": "The tower"}, "The tower was lit in 1698."]}'
    async with FakeUpstream((Role(), Content(quoted), Reset())) as a, FakeUpstream(answer(plain)) as b:
        settings = settings_of(tmp_path, a, b)
        file = tmp_path / "upstreams.toml"
        file.write_text(file.read_text().replace("\n\n", "\nquotes = true\n\n", 1))
        settings = Settings.read({**KEYS, "STREAMSUM_UPSTREAMS_FILE": str(file), "STREAMSUM_REASK": "0"})
        async with served(None, settings=settings) as it:
            received = await ask(it, text=source, evidence="require")
        asked = [(await model.next_call()).body for model in (a, b)]
    assert received.bullets == ["It was lost.", "The tower was lit in 1698."]
    assert received.rejections == ["schema"]
    spans = [event["evidence"][0] for event in received.events if event["type"] == "bullet"]
    assert [(source[span["start"] : span["end"]], span["match"]) for span in spans] == [
        ("a great storm took it", "verbatim"),
        ("The tower was lit in 1698.", "attributed"),
    ]
    assert ["quote" in json.dumps(body) for body in asked] == [True, False]


async def test_nobody_is_asked_again_while_draining() -> None:
    """Not even who was waited for: the wait is cut short, and the summary ends as it stands."""
    async with (
        FakeUpstream((Status(429, {"Retry-After": "4"}),)) as model,
        served(None, settings=settings_for(model)) as it,
        it.client.stream("GET", "/stream?q=A+source.") as response,
    ):
        await (await model.next_call()).closed(within=5)
        await it.service.runs.drain(3)
        received = invariants.check(await response.aread())
        assert (received.finish, model.calls_made) == ("failed:upstream_error", 1)
