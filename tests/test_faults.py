"""What goes wrong upstream, over real HTTP: each fault before any content, before the first bullet, between bullets and
after the last, in reads of several sizes; the required ending, and every invariant of `tests/invariants.py`.

A new fault is one line of `FAULTS`.
"""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from benchmarks.fake_upstream import (
    Chunk,
    Close,
    Comment,
    Content,
    Delivery,
    Done,
    FakeUpstream,
    Finish,
    Forever,
    NoAnswer,
    Raw,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Step,
    Usage,
    comments_forever,
    endless,
)
from streamsum.settings import Settings
from tests import invariants
from tests.servers import environment_for, served

pytestmark = pytest.mark.slow

CANARY = "canary-7f3a"
# Where the fault is silence, our clock is what ends it; everywhere else no clock must.
SHORT_CLOCK = {"STREAMSUM_STALL_S": "0.7"}
PATIENCE = {"STREAMSUM_FIRST_BYTE_S": "60"}

POSITIONS = {
    "before": ('{"bullets": [', []),
    "between": ('{"bullets": ["first one", "sec', ["first one"]),
    "after": ('{"bullets": ["first one", "second one"]}', ["first one", "second one"]),
}


@dataclass(frozen=True)
class Fault:
    """`steps` are played at each position; `status code` is the answer at once, `ends` the finish in mid-document."""

    name: str
    steps: Sequence[Step]
    at_once: str  # "502 upstream_truncated"; "200 failed:limit" where content comes, if no document
    ends: str  # before the first bullet; with `+` in front: completed once there is a bullet

    @property
    def is_silence(self) -> bool:
        return self.ends == TIMEOUT

    def finish(self, position: str) -> str:
        if position == "after":
            return "complete"
        completed = self.ends.startswith("+") and position == "between"
        return self.ends.lstrip("+") if completed else f"failed:{self.ends.lstrip('+')}"


def error(**more: object) -> dict[str, object]:
    return {"error": {"message": CANARY, "type": "server_error", "code": None, **more}}


def chunk(**delta: object) -> Chunk:
    return Chunk({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


TRUNCATED, ERROR, TIMEOUT = "upstream_truncated", "upstream_error", "upstream_timeout"

FAULTS = [
    Fault("reset", [Reset()], "502 " + ERROR, TRUNCATED),
    Fault("connection closed", [Close()], "502 " + ERROR, TRUNCATED),
    Fault(
        "closed inside a chunk",
        [Raw(b'data: {"choices": [{"ind'), Close(inside_chunk=True)],
        "502 " + TRUNCATED,
        TRUNCATED,
    ),
    Fault("stall", [Stall()], "504 " + TIMEOUT, TIMEOUT),
    Fault("comments for ever", [comments_forever(0.02)], "504 " + TIMEOUT, TIMEOUT),
    Fault("empty deltas, then silence", [chunk(content=""), chunk(content=None), Stall()], "504 " + TIMEOUT, TIMEOUT),
    Fault("silent end", [], "502 " + TRUNCATED, TRUNCATED),
    Fault("[DONE] without a word", [Done()], "502 " + TRUNCATED, TRUNCATED),
    Fault("stop while open", [Finish("stop"), Done()], "502 output_invalid", TRUNCATED),
    Fault("finish nobody knows", [Finish("gone_fishing"), Done()], "502 " + TRUNCATED, TRUNCATED),
    Fault("length", [Finish("length"), Usage(9, 9), Done()], "502 length", "+length"),
    Fault("content filter", [Finish("content_filter"), Done()], "502 content_filter", "+content_filter"),
    Fault("refusal", [Refusal(CANARY), Finish("stop"), Done()], "502 refusal", "refusal"),
    Fault(
        "refusal, and the rest",
        [Refusal(CANARY), Content('ond one"]}', token_chars=100), Done()],
        "502 refusal",
        "refusal",
    ),
    Fault("error object", [Chunk(error()), Done()], "502 " + ERROR, ERROR),
    Fault("error beside choices", [Chunk({"choices": [], **error()})], "502 " + ERROR, ERROR),
    Fault(
        "error event", [Raw(b"event: error\ndata: " + json.dumps(error()).encode() + b"\n\n")], "502 " + ERROR, ERROR
    ),
    Fault("bare error line", [Raw(b'error: {"message": "canary-7f3a"}\n\n')], "502 " + ERROR, ERROR),
    Fault("error after finish_reason", [Finish("stop"), Chunk(error())], "502 " + ERROR, ERROR),
    Fault("bad chunk", [Raw(b'data: {"choices": [}\n\n')], "502 " + ERROR, ERROR),
    Fault(
        "bad UTF-8", [Raw(b'data: {"choices": [{"index":0,"delta":{"content":"\xff"}}]}\n\n')], "502 " + ERROR, ERROR
    ),
    Fault("42", [Chunk(42)], "502 " + ERROR, ERROR),
    Fault("[]", [Chunk([])], "502 " + ERROR, ERROR),
    Fault("null", [Chunk(None)], "502 " + ERROR, ERROR),
    Fault("choices: null", [Chunk({"choices": None})], "502 " + ERROR, ERROR),
    Fault("delta: null", [Chunk({"choices": [{"index": 0, "delta": None}]})], "502 " + ERROR, ERROR),
    Fault("content: 123", [chunk(content=123)], "502 " + ERROR, ERROR),
    Fault("64 MB line", [Raw(b"data: " + b"x" * (64 << 20))], "502 limit", "+limit"),
    Fault("endless body without content", [Forever((Raw(b": %b\n\n" % (b"none " * 16_000)),))], "502 limit", "+limit"),
    Fault("a comment of 17 MB", [Comment("x" * (17 << 20)), Stall()], "502 limit", "+limit"),
    Fault("endless content", [endless("x" * 999)], "200 failed:output_invalid", "+limit"),
    Fault("endless white space", [endless(" " * 9)], "200 failed:limit", "+limit"),
    Fault("HTML", [Raw(b"<html><body>canary-7f3a</body></html>")], "502 " + TRUNCATED, TRUNCATED),
    Fault("reasoning for ever", [Reasoning(CANARY * 999), Stall()], "504 " + TIMEOUT, TIMEOUT),
]


# What is normal, if odd: wherever it stands, nothing changes.
NOISE: dict[str, Step] = {
    "empty data": Raw(b"data:\n\ndata: \n\n"),
    "comments": Raw(b": keep-alive\n\n:\n"),
    "another event": Raw(b"event: ping\nretry: 5\nid: 7\n\n"),
    "no choices": Chunk({"choices": [], "usage": None}),
    "content null": chunk(content=None, role="assistant"),
    "no delta": Chunk({"choices": [{"index": 0, "finish_reason": None}]}),
    "another choice": Chunk({"choices": [{"index": 1, "delta": {"content": CANARY}, "finish_reason": "stop"}]}),
    "a tool call": chunk(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": CANARY}}]),
    "reasoning": chunk(reasoning=CANARY, reasoning_content=CANARY),
    "thinking parts": chunk(content=[{"type": "thinking", "thinking": [{"type": "text", "text": CANARY}]}]),
    "no refusal": chunk(refusal=None),
    "usage so far": Chunk({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
    "padding": Chunk({"choices": [{"index": 0, "delta": {"content": ""}}], "obfuscation": CANARY}),
}


@pytest.mark.parametrize("noise", NOISE)
async def test_noise_changes_nothing(noise: str) -> None:
    """Before, in the middle of, and behind the document."""
    step, end = NOISE[noise], (Finish("stop"), Usage(3, 4), Done())
    document = POSITIONS["after"][0]
    script = (step, Content(document[:20]), step, Content(document[20:]), step, *end)
    for cut in (0, 7, 97):  # in single bytes the usage takes a busy machine longer than it is waited for
        async with (
            FakeUpstream(script, delivery=Delivery(cut=cut)) as model,
            served(None, settings=settings_for(model, FAULTS[0])) as it,
        ):
            response = await it.client.post("/v1/summaries", json={"text": "A source."})
        received = invariants.check(response.content, canaries=[CANARY])
        assert (received.bullets, received.finish) == (POSITIONS["after"][1], "complete")
        assert received.ledger["passes"][0]["completion_tokens"] == 4


def settings_for(model: FakeUpstream, fault: Fault) -> Settings:
    return Settings.read(environment_for(model) | PATIENCE | (SHORT_CLOCK if fault.is_silence else {}))


def cuts(fault: Fault) -> Sequence[int]:
    """Sizes of the reads: as they come alone, where the fault is silence or too much."""
    is_long = len(str(fault.steps)) > 10_000 or any(isinstance(step, Forever) for step in fault.steps)
    return (0,) if fault.is_silence or is_long else (0, 1, 97)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_in_the_stream(fault: Fault, position: str) -> None:
    """The same events for reads of any size, ended as the contract says; the connection is not left open."""
    content, bullets = POSITIONS[position]
    script: Script = (Role(), Content(content), *fault.steps)
    seen = []
    for cut in cuts(fault):
        async with (
            FakeUpstream(script, delivery=Delivery(cut=cut)) as model,
            served(None, settings=settings_for(model, fault)) as it,
        ):
            response = await it.client.post("/v1/summaries", json={"text": "A source."})
            assert response.status_code == 200
            received = invariants.check(response.content, canaries=[CANARY], elements=json.loads(json.dumps(bullets)))
            assert await (await model.next_call()).closed(within=1)
        assert received.bullets == bullets
        assert received.finish == fault.finish(position)
        seen.append(received.comparable)
    assert all(events == seen[0] for events in seen)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_before_any_content(fault: Fault) -> None:
    """POST answers with a real status and a problem; nothing of the upstream's words in it."""
    async with FakeUpstream(tuple(fault.steps)) as model, served(None, settings=settings_for(model, fault)) as it:
        response = await it.client.post("/v1/summaries", json={"text": "A source."})
        if response.status_code == 200:
            told = invariants.check(response.content).finish
        else:
            assert response.headers["content-type"] == "application/problem+json"
            told = response.json()["code"]
        assert f"{response.status_code} {told}" == fault.at_once
        assert CANARY not in response.text
        assert await (await model.next_call()).closed(within=1)


async def test_the_ledger_does_not_depend_on_the_reads() -> None:
    """What came in the same read as our reason to hang up is not counted: smaller reads would not have brought it."""
    script = (Role(), Content('{"bullets": ["one", "two"]}', token_chars=100), Finish("stop"), Usage(3, 4), Done())
    ledgers = []
    for cut in (0, 60):
        async with (
            FakeUpstream(script, delivery=Delivery(cut=cut)) as model,
            served(None, settings=settings_for(model, FAULTS[0])) as it,
        ):
            response = await it.client.post("/v1/summaries", json={"text": "A source.", "max_bullets": 1})
        ledgers.append(invariants.check(response.content).comparable[-1])
    assert ledgers[0] == ledgers[1]
    assert ledgers[0]["finish"] == "max_bullets"


@dataclass(frozen=True)
class Refused:
    """An upstream's answer instead of a stream."""

    status: int
    code: str
    our_status: int
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


REFUSALS = [
    Refused(400, "upstream_rejected", 502),
    Refused(400, "context_too_long", 422, {"error": {"code": "context_length_exceeded", "message": CANARY}}),
    Refused(401, "upstream_rejected", 502, error(code="invalid_api_key")),
    Refused(403, "upstream_rejected", 502),
    Refused(404, "upstream_rejected", 502, b"<html>" + CANARY.encode()),
    Refused(307, "upstream_rejected", 502, None, (("Location", "/v1/elsewhere"),)),
    Refused(429, "overloaded", 503, error(), (("Retry-After", "7"),)),
    Refused(429, "overloaded", 503, error(), (("Retry-After", "99999"),)),
    Refused(500, "upstream_error", 502, error()),
    Refused(502, "upstream_error", 502, b"\xff\xfe"),
    Refused(503, "upstream_error", 502),
]


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: f"{refused.status} {refused.code}")
async def test_an_upstream_that_refuses(refused: Refused, caplog: pytest.LogCaptureFixture) -> None:
    """A status of ours, a capped Retry-After, nothing of the upstream's words; what may pass is tried once more."""
    caplog.set_level("DEBUG")
    script = (Status(refused.status, dict(refused.headers), refused.body),)
    async with FakeUpstream(script) as model, served(None, settings=Settings.read(environment_for(model))) as it:
        response = await it.client.post("/v1/summaries", json={"text": "A source."})
        assert (response.status_code, response.json()["code"]) == (refused.our_status, refused.code)
        assert model.calls_made == (2 if refused.code == "upstream_error" else 1)
        assert refused.our_status != 503 or 1 <= int(response.headers["retry-after"]) <= 60
    assert CANARY not in response.text + caplog.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{closed}/v1", "http://nowhere.invalid/v1", "https://127.0.0.1:{plain}/v1"]
)
async def test_an_upstream_that_is_not_there(url: str) -> None:
    """Refused, a name that nobody has, no TLS: 502 upstream_error, never a time-out."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    async with FakeUpstream(()) as model:
        environment = environment_for(model) | {"OPENAI_BASE_URL": url.format(closed=closed, plain=model.port)}
        async with served(None, settings=Settings.read(environment)) as it:
            response = await it.client.post("/v1/summaries", json={"text": "A source."})
            assert (response.status_code, response.json()["code"]) == (502, "upstream_error")


async def test_an_upstream_that_says_nothing_at_all() -> None:
    """Not even headers: our clock ends it."""
    async with FakeUpstream((NoAnswer(),)) as model:
        settings = Settings.read(environment_for(model) | SHORT_CLOCK)
        async with served(None, settings=settings) as it:
            response = await it.client.post("/v1/summaries", json={"text": "A source."})
            assert (response.status_code, response.json()["code"]) == (504, "upstream_timeout")
            assert await (await model.next_call()).closed(within=1) == "hung_up"


@pytest.mark.parametrize("path", ["/v1/summaries?text=A+source.", "/stream?q=A+source."])
async def test_a_get_tells_a_fault_as_an_event(path: str) -> None:
    """It has answered at once, so that its id is known: what goes wrong is `summary.failed`."""
    async with FakeUpstream((Status(500),)) as model, served(None, settings=settings_for(model, FAULTS[0])) as it:
        response = await it.client.get(path)
        assert response.status_code == 200
        assert invariants.check(response.content).finish == "failed:upstream_error"
