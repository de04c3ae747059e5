"""The upstream for OpenAI-compatible servers, against a fake one over real HTTP."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import openai
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
    Gate,
    Head,
    NoAnswer,
    Pause,
    Raw,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Step,
    answer,
    bullets,
    comments_forever,
)
from streamsum.core.passes import Cause, End, Prompt, Usage
from streamsum.upstream.base import Capabilities, Reply, UpstreamError
from streamsum.upstream.openai import OpenAIUpstream
from streamsum.upstream.statuses import BadStatus, end_of_status
from streamsum.upstream.transport import Transport, http_client

CANARY = "canary-5f1e"
SCHEMA = {"type": "object", "properties": {"bullets": {"type": "array"}}}
PROMPT = Prompt(system="Summarise.", user=f"A text. {CANARY}", schema=SCHEMA, max_tokens=321)
DOCUMENT = bullets("Ships in spring.", "Costs nothing.")
CONTENT = (Role(), Content(DOCUMENT[:20]))


@asynccontextmanager
async def upstream_at(base_url: str, **options: Any) -> AsyncIterator[OpenAIUpstream]:
    client = openai.AsyncOpenAI(api_key=CANARY, base_url=base_url, http_client=http_client(Transport(streams=8)))
    upstream = OpenAIUpstream(client, model="m-1", **options)
    try:
        async with asyncio.timeout(15):
            yield upstream
    finally:
        await upstream.aclose()


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def ask(upstream: OpenAIUpstream, *, deadline_s: float = 10.0) -> tuple[str, End]:
    """One whole call. Raises UpstreamError."""
    async with upstream.call(PROMPT, deadline=in_seconds(deadline_s)) as reply:
        text = "".join([text async for text in reply])
        return text, reply.end()


async def play(script: Script, *, deadline_s: float = 10.0, **options: Any) -> tuple[str, End]:
    """One whole call of a fake model that plays `script`."""
    async with FakeUpstream(script) as model, upstream_at(model.base_url, **options) as upstream:
        return await ask(upstream, deadline_s=deadline_s)


async def refusal_of(script: Script, **options: Any) -> End:
    """How a call ended that never became a reply."""
    with pytest.raises(UpstreamError) as caught:
        await play(script, **options)
    return caught.value.end


async def test_a_whole_answer() -> None:
    """Its text, its finish reason and its usage."""
    assert await play(answer(DOCUMENT)) == (DOCUMENT, End(Cause.STOP, "stop", Usage(100, 20)))


async def test_text_comes_while_the_model_is_writing() -> None:
    """What has been sent is given before the rest is."""
    gate = Gate()
    async with (
        FakeUpstream((Content("one"), gate, Content("two"), Finish(), Done())) as model,
        upstream_at(model.base_url) as upstream,
        upstream.call(PROMPT, deadline=in_seconds(10)) as reply,
    ):
        texts = aiter(reply)
        assert await anext(texts) == "one"
        gate.open()
        assert await anext(texts) == "two"
        assert [text async for text in texts] == []
        assert reply.end() == End(Cause.STOP, "stop")


@pytest.mark.parametrize("cut", [1, 7, 64])
async def test_any_cut_on_the_wire_gives_the_same_text(cut: int) -> None:
    """Over real sockets too."""
    model = FakeUpstream(answer(DOCUMENT), delivery=Delivery(cut=cut))
    async with model, upstream_at(model.base_url) as upstream:
        assert await ask(upstream) == (DOCUMENT, End(Cause.STOP, "stop", Usage(100, 20)))


async def test_the_request() -> None:
    """What the wire needs, and nothing that a server might not know."""
    async with FakeUpstream(answer(DOCUMENT)) as model, upstream_at(model.base_url) as upstream:
        await ask(upstream)
        (call,) = model.calls
    assert call.headers["authorization"] == f"Bearer {CANARY}"
    assert call.headers["accept"] == "text/event-stream"
    assert call.headers["accept-encoding"] == "identity"
    assert call.body == {
        "model": "m-1",
        "messages": [{"role": "system", "content": PROMPT.system}, {"role": "user", "content": PROMPT.user}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 321,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "summary", "strict": True, "schema": SCHEMA},
        },
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"can": Capabilities(output_mode="json_object")}, {"response_format": {"type": "json_object"}}),
        ({"can": Capabilities(output_mode="prompt")}, {"response_format": None}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"extra_body": {"temperature": 0, "repeat_penalty": 1.1}}, {"temperature": 0, "repeat_penalty": 1.1}),
    ],
)
async def test_what_can_be_set(options: dict[str, Any], expected: dict[str, Any]) -> None:
    """How it is asked for JSON, the limit on tokens, and what only one server knows."""
    async with FakeUpstream(answer(DOCUMENT)) as model, upstream_at(model.base_url, **options) as upstream:
        await ask(upstream)
        (call,) = model.calls
    assert {member: call.body.get(member) for member in expected} == expected


async def test_calls_that_end_well_share_a_connection() -> None:
    """After `[DONE]` the body is read to its end."""
    async with FakeUpstream(answer(DOCUMENT)) as model, upstream_at(model.base_url) as upstream:
        for _ in range(3):
            await ask(upstream)
        assert model.connections_made == 1


async def test_a_server_that_goes_on_after_done_is_not_waited_for() -> None:
    """The answer was whole with `[DONE]`."""
    script = (*answer(DOCUMENT), comments_forever(0.001))
    async with FakeUpstream(script) as model, upstream_at(model.base_url) as upstream:
        assert await ask(upstream) == (DOCUMENT, End(Cause.STOP, "stop", Usage(100, 20)))
        assert await model.calls[0].closed(within=1) == "hung_up"


# ---- what goes wrong before there is a reply


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (301, Cause.REJECTED),
        (307, Cause.REJECTED),
        (400, Cause.REJECTED),
        (401, Cause.REJECTED),
        (403, Cause.REJECTED),
        (404, Cause.REJECTED),
        (408, Cause.REJECTED),
        (409, Cause.REJECTED),
        (413, Cause.REJECTED),
        (422, Cause.REJECTED),
        (429, Cause.OVERLOADED),
        (500, Cause.ERROR),
        (502, Cause.ERROR),
        (503, Cause.ERROR),
        (504, Cause.ERROR),
        (529, Cause.ERROR),
    ],
)
async def test_a_status_that_is_no_2xx(status: int, cause: Cause) -> None:
    """One call, no retry, no redirect followed: who may try again is decided elsewhere."""
    async with FakeUpstream((Status(status, {"Location": "/v1/chat/completions"}),)) as model:
        async with upstream_at(model.base_url) as upstream:
            with pytest.raises(UpstreamError) as caught:
                await ask(upstream)
        assert caught.value.end.cause is cause
        assert caught.value.end.of_request is (status in {400, 413, 422})
        assert model.calls_made == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "100000000000"}, 60),
        ({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)}, 60),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({}, 1),
    ],
)
async def test_how_long_to_wait(headers: Mapping[str, str], seconds: float) -> None:
    """In seconds or as a date, capped; a guess of ours when it makes no sense."""
    assert await refusal_of((Status(429, headers),)) == End(Cause.OVERLOADED, retry_after=seconds)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"code": "context_length_exceeded", "message": "too long"}}),
        (400, {"error": {"message": "This model's maximum context length is 8192 tokens.", "code": 400}}),
        (400, {"error": {"message": "the request exceeds the available context size", "code": 400}}),
        (400, {"object": "error", "message": "Prompt contains 9 tokens ... too large for model with 8 maximum"}),
        (400, {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}}),
        (422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000", "error_type": "validation"}),
        (413, {"error": {"message": "the input exceeds the context window"}}),
    ],
)
async def test_a_prompt_that_does_not_fit(status: int, body: object) -> None:
    """Servers say it in words only."""
    assert await refusal_of((Status(status, body=body),)) == End(Cause.TOO_LONG)


async def test_what_would_have_fitted() -> None:
    """llama.cpp says how much it counted, and what it takes."""
    body = {"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 50_000, "n_ctx": 8192}}
    async with FakeUpstream((Status(400, body=body),)) as model, upstream_at(model.base_url) as upstream:
        prompt = Prompt("s" * 1000, "u" * 99_000, SCHEMA, max_tokens=192)
        with pytest.raises(UpstreamError) as caught:
            async with upstream.call(prompt, deadline=in_seconds(10)):
                pass
    assert caught.value.end == End(Cause.TOO_LONG, max_chars=13_400)  # 8,000 tokens at 2 characters, less the rest


@pytest.mark.parametrize("figures", [(10**400, 1), (1, 10**400), (8192, 0), (8192, -1)])
async def test_figures_that_are_no_counts_of_tokens(figures: tuple[int, int]) -> None:
    """Whatever a server writes there: nothing is known of what would have fitted."""
    body = json.dumps({"error": {"message": "context size", "n_ctx": figures[0], "n_prompt_tokens": figures[1]}})
    error = BadStatus(400, body, retry_after=None)
    end = end_of_status(error, prompt=Prompt("s", "u", SCHEMA, max_tokens=192), upstream="u")
    assert end == End(Cause.TOO_LONG)


async def test_a_rejection_is_logged_by_its_names(caplog: pytest.LogCaptureFixture) -> None:
    """Status, code, type and parameter; never the message."""
    error = {"code": "model_not_found", "type": "invalid_request_error", "param": "messages[0].role", "message": CANARY}
    await refusal_of((Status(404, body={"error": error}),))
    (record,) = (record for record in caplog.records if record.name == "streamsum")
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "upstream refused a call upstream=openai status=404 provider_code=model_not_found"
        " provider_type=invalid_request_error provider_param=messages[0].role"
    )


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": f"not a name: {CANARY}", "type": [CANARY], "param": CANARY * 10, "message": CANARY}},
        {"error": CANARY},
        [CANARY],
        CANARY.encode(),
        b"\xff\xfe",
        b"",
    ],
)
async def test_nothing_else_of_an_error_is_logged(body: object, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever its form, and at any level: a provider likes to quote the prompt."""
    caplog.set_level(logging.DEBUG)
    assert (await refusal_of((Status(400, body=body),))).cause is Cause.REJECTED
    assert "status=400 provider_code=- provider_type=- provider_param=-" in caplog.text
    assert CANARY not in caplog.text


async def test_a_refused_connection_is_an_error() -> None:
    """And no time-out."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with upstream_at(f"http://127.0.0.1:{closed.getsockname()[1]}/v1") as upstream:
            with pytest.raises(UpstreamError) as caught:
                await ask(upstream)
    assert caught.value.end == End(Cause.ERROR)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "http://127.0.0.1:99999/v1", "nonsense"])
async def test_an_address_that_is_none_is_an_error(url: str) -> None:
    """Settings are checked before; a caller's own client is not."""
    async with upstream_at(url) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await ask(upstream)
    assert caught.value.end == End(Cause.ERROR)


@pytest.mark.parametrize("step", [Reset(), Close()])
async def test_a_connection_lost_before_the_head_is_an_error(step: Step) -> None:
    """Nothing was answered."""
    assert await refusal_of((step,)) == End(Cause.ERROR)


@pytest.mark.parametrize("options", [{"stall_s": 0.9}, {"think_s": 0.9}, {"deadline_s": 0.9}])
async def test_a_head_that_does_not_come_is_a_time_out(options: dict[str, float]) -> None:
    """Each of the clocks is running from the start."""
    async with FakeUpstream((NoAnswer(),)) as model:
        deadline_s = options.pop("deadline_s", 10.0)
        async with upstream_at(model.base_url, **options) as upstream:
            with pytest.raises(UpstreamError) as caught:
                await ask(upstream, deadline_s=deadline_s)
            assert caught.value.end == End(Cause.TIMEOUT)
            assert await model.calls[0].closed(within=1) == "hung_up"


# ---- what goes wrong in a reply: before the first content, and between content


@pytest.mark.parametrize("before", [(Head(),), (Role(),), CONTENT], ids=["head", "role", "content"])
@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ((Reset(),), End(Cause.CUT)),
        ((Close(),), End(Cause.CUT)),
        ((Close(inside_chunk=True),), End(Cause.CUT)),
        ((), End(Cause.CUT)),
        ((Done(),), End(Cause.CUT)),
        ((Raw(b"data: {"),), End(Cause.CUT)),
        ((Finish("length"), Done()), End(Cause.LENGTH, "length")),
        ((Finish("content_filter"), Done()), End(Cause.FILTER, "content_filter")),
        ((Finish("eos"), Done()), End(Cause.CUT, "eos")),
        ((Finish("stop"),), End(Cause.STOP, "stop")),
        ((Finish("stop"), Reset()), End(Cause.STOP, "stop")),
        ((Refusal(CANARY), Finish("stop"), Done()), End(Cause.REFUSAL, "stop")),
        ((Chunk({"error": {"message": CANARY}}), Done()), End(Cause.ERROR)),
        ((Raw(b"error: no\n\n"), Stall()), End(Cause.ERROR)),
        ((Raw(b"data: {'\n\n"), Stall()), End(Cause.ERROR)),
        ((Chunk({"choices": None}), Stall()), End(Cause.ERROR)),
        ((Raw(b"x" * (1 << 21)), Stall()), End(Cause.LIMIT)),
    ],
    ids=str,
)
async def test_a_fault_in_the_answer(before: Script, fault: Script, end: End) -> None:
    """Each ends in its own way, and what was written before it is given."""
    text, told = await play((*before, *fault))
    if Reset() not in fault:  # a reset may overtake what was sent before it
        assert text == "".join(step.text for step in before if isinstance(step, Content))
        assert told == end
    else:
        assert told.cause in {end.cause, Cause.CUT}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<!doctype html>\n<title>Sign in</title>\n\n"),
        ("text/event-stream", b""),
        ("application/json", b'{"choices": [{"message": {"content": "a"}}]}'),
        ("application/json", b'{"error": {}}'),
    ],
)
async def test_a_200_that_is_no_event_stream_is_a_cut(content_type: str, body: bytes) -> None:
    """A page of somebody in between, nothing at all, or an answer in one piece that was not asked for."""
    assert await play((Status(200, {"Content-Type": content_type}, body=body),)) == ("", End(Cause.CUT))


async def test_an_endless_body_has_a_limit() -> None:
    """A flood of comments is no life, and no answer."""
    async with FakeUpstream((Forever((Comment("x" * 100_000),)),)) as model, upstream_at(model.base_url) as upstream:
        assert await ask(upstream) == ("", End(Cause.LIMIT))
        assert await model.calls[0].closed(within=1) == "hung_up"


# ---- clocks


@pytest.mark.parametrize("before", [(Head(),), CONTENT], ids=["head", "content"])
@pytest.mark.parametrize(
    "silence", [Stall(), comments_forever(0.01), Forever((Role(), Raw(b"data:\n\n")), 0.01)], ids=str
)
async def test_silence_is_a_time_out(before: Script, silence: Step) -> None:
    """Whatever bytes still come: comments, empty deltas and empty events are no life."""
    async with FakeUpstream((*before, silence)) as model, upstream_at(model.base_url, stall_s=0.2) as upstream:
        _, end = await ask(upstream)
        assert end == End(Cause.TIMEOUT)
        assert await model.calls[0].closed(within=1) == "hung_up"


async def test_reasoning_is_life_and_shows_as_nothing() -> None:
    """It keeps the call from being stalled, for longer than that would take."""
    script = (Reasoning("hm"), Pause(0.3)) * 4 + answer("a", usage=None)
    async with (
        FakeUpstream(script) as model,
        upstream_at(model.base_url, stall_s=1.0) as upstream,
        upstream.call(PROMPT, deadline=in_seconds(10)) as reply,
    ):
        assert [text async for text in reply] == ["", "", "", "", "a"]
        assert reply.end() == End(Cause.STOP, "stop")


async def test_thinking_without_end_is_a_time_out() -> None:
    """Until the first content, however much reasoning comes."""
    thinking = Forever((Reasoning("hm"),), 0.01)
    assert await play((thinking,), think_s=0.2) == ("", End(Cause.TIMEOUT))


async def test_a_slow_drip_ends_at_the_deadline() -> None:
    """A little content now and then satisfies the other clocks for ever."""
    text, end = await play((Forever((Content("a"),), 0.01),), deadline_s=1.0)
    assert set(text) == {"a"}
    assert end == End(Cause.TIMEOUT)


async def test_what_the_stream_said_of_its_end_outlasts_a_silence() -> None:
    """It was told why it ended: that it did not hang up then is no news."""
    assert await play((*CONTENT, Finish("length"), Stall()), stall_s=0.7) == (
        DOCUMENT[:20],
        End(Cause.LENGTH, "length"),
    )


# ---- leaving


async def leave_at_once(_reply: Reply) -> None:
    """Never iterated."""


async def leave_after_content(reply: Reply) -> None:
    assert await anext(aiter(reply)) == DOCUMENT[:4]


async def leave_by_an_error(_reply: Reply) -> None:
    raise LookupError


@pytest.mark.parametrize("leave", [leave_at_once, leave_after_content, leave_by_an_error])
async def test_leaving_hangs_up(leave: Callable[[Reply], Awaitable[None]]) -> None:
    """The model hears of it within a second, and the end is ours."""
    async with FakeUpstream((Content(DOCUMENT[:4]), Stall())) as model, upstream_at(model.base_url) as upstream:
        with suppress(LookupError):
            async with upstream.call(PROMPT, deadline=in_seconds(10)) as reply:
                await leave(reply)
        assert await model.calls[0].closed(within=1) == "hung_up"
        assert reply.end() == End(Cause.CLOSED_BY_US)


async def test_leaving_after_the_end_was_told_keeps_it() -> None:
    """Though the body was not read to its end."""
    last = Chunk({"choices": [{"delta": {"content": "a"}, "finish_reason": "length"}]})
    async with FakeUpstream((last, Stall())) as model, upstream_at(model.base_url) as upstream:
        async with upstream.call(PROMPT, deadline=in_seconds(10)) as reply:
            await anext(aiter(reply))
        assert reply.end() == End(Cause.LENGTH, "length")


@pytest.mark.parametrize("before", [(), (Head(),), (Content("a"),)], ids=["no-head", "head", "content"])
async def test_cancelling_hangs_up(before: Script) -> None:
    """While the head is waited for, before the first content, between content."""
    gate = Gate()
    async with FakeUpstream((*before, gate)) as model, upstream_at(model.base_url) as upstream:
        asking = asyncio.create_task(ask(upstream))
        await gate.reached()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await model.calls[0].closed(within=1) == "hung_up"


async def test_calls_do_not_disturb_each_other() -> None:
    """One is hung up, the other goes on."""
    gate = Gate()
    scripts: list[Script] = [(Content("a"), Stall()), (Content("b"), gate, *answer("c"))]
    async with FakeUpstream(scripts) as model, upstream_at(model.base_url) as upstream:
        async with upstream.call(PROMPT, deadline=in_seconds(10)) as first:
            assert await anext(aiter(first)) == "a"
            other = asyncio.create_task(ask(upstream))
            await gate.reached()
        assert await model.calls[0].closed(within=1) == "hung_up"
        gate.open()
        assert await other == ("bc", End(Cause.STOP, "stop", Usage(100, 20)))


async def test_nothing_of_a_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither prompt nor answer nor key, by us or by a library, at any level."""
    caplog.set_level(logging.DEBUG)
    assert (await play((*answer(f'["{CANARY}"]'),)))[1].cause is Cause.STOP
    assert (await play((Chunk({"error": {"message": CANARY}}),)))[1].cause is Cause.ERROR
    await refusal_of((Status(500, body={"error": {"message": CANARY}}),))
    assert CANARY not in caplog.text


# ---- servers that do not take everything

Refusal400 = Callable[[dict[str, Any]], Status | None]


def refusing(*names: str, status: int = 400, body: Callable[[str], object] | None = None) -> Refusal400:
    """A server that knows nothing of these members, and says so of the first."""
    said = body or (lambda name: {"error": {"message": f"{CANARY} is no {name}", "param": name, "code": None}})

    def refuse(request: dict[str, Any]) -> Status | None:
        return next((Status(status, body=said(name)) for name in names if name in request), None)

    return refuse


def no_schema(request: dict[str, Any]) -> Status | None:
    """Any object, but none of a given form."""
    if request.get("response_format", {}).get("type") == "json_schema":
        return Status(400, body={"error": {"message": "This response_format type is unavailable now"}})
    return None


def picky(refuse: Refusal400) -> Callable[[dict[str, Any], int], Script]:
    return lambda request, _number: (refused,) if (refused := refuse(request)) else answer(DOCUMENT)


async def ask_twice(refuse: Refusal400, **options: Any) -> list[dict[str, Any]]:
    """The bodies of the requests that two calls of a picky server make; both get their answer."""
    async with FakeUpstream(picky(refuse)) as model, upstream_at(model.base_url, **options) as upstream:
        for _ in range(2):
            assert (await ask(upstream))[0] == DOCUMENT
        return [call.body for call in model.calls]


@pytest.mark.parametrize(
    ("refuse", "given_up", "member", "values"),
    [
        (no_schema, "response_format", "response_format", ["json_schema", "json_object", "json_object"]),
        (
            refusing("response_format"),
            "response_format",
            "response_format",
            ["json_schema", "json_object", None, None],
        ),
        (refusing("stream_options"), "stream_options", "stream_options", [{"include_usage": True}, None, None]),
        (refusing("max_tokens"), "max_tokens", "max_completion_tokens", [None, 321, 321]),
        (refusing("temperature"), "temperature", "temperature", [0.2, None, None]),
        (
            refusing("temperature", status=422, body=lambda name: {"detail": [{"loc": ["body", name], "msg": CANARY}]}),
            "temperature",
            "temperature",
            [0.2, None, None],
        ),
        (
            refusing("stream_options", body=lambda name: {"object": "error", "message": f"{CANARY}: {name}"}),
            "stream_options",
            "stream_options",
            [{"include_usage": True}, None, None],
        ),
        (
            refusing("temperature", "max_tokens", "stream_options", "response_format"),
            "temperature, max_tokens, stream_options, response_format",
            "max_completion_tokens",
            [None, None, 321, 321, 321, 321, 321],
        ),
    ],
)
async def test_what_a_server_refuses_by_name_is_done_without(
    refuse: Refusal400, given_up: str, member: str, values: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    """At once, and from then on; told once, by the parameters' names alone."""
    caplog.set_level(logging.DEBUG)
    bodies = await ask_twice(refuse, temperature=0.2)
    asked = [body.get(member) for body in bodies]
    assert [each.get("type", each) if isinstance(each, dict) else each for each in asked] == values
    told = [record.getMessage() for record in caplog.records if record.name == "streamsum"]
    said = "upstream does not take this as sent: asked without from now on upstream=openai parameters="
    assert told == [said + given_up]
    assert CANARY not in caplog.text


async def test_a_new_name_for_the_limit_may_be_the_old_one() -> None:
    """Where the operator says that it is the newer one."""
    bodies = await ask_twice(refusing("max_completion_tokens"), max_tokens_field="max_completion_tokens")
    assert [body.get("max_tokens") for body in bodies] == [None, 321, 321]


@pytest.mark.parametrize("name", ["response_format", "stream_options", "max_tokens", "temperature", "messages"])
async def test_a_server_that_refuses_whatever_is_sent(name: str) -> None:
    """A few tries at most, and nothing of them is remembered: it was not for that."""

    def refuse(_request: dict[str, Any]) -> Status:
        return Status(400, body={"error": {"message": CANARY, "param": name}})

    async with FakeUpstream(picky(refuse)) as model, upstream_at(model.base_url, temperature=0) as upstream:
        for calls in (1, 2):
            with pytest.raises(UpstreamError) as caught:
                await ask(upstream)
            assert caught.value.end == End(Cause.REJECTED, of_request=True)
            assert model.calls_made == calls * {"response_format": 3, "messages": 1}.get(name, 2)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_other_refusals_are_not_asked_again(status: int) -> None:
    """Whatever they name."""
    async with FakeUpstream(picky(refusing("stream_options", status=status))) as model:
        async with upstream_at(model.base_url) as upstream:
            with pytest.raises(UpstreamError):
                await ask(upstream)
        assert model.calls_made == 1


async def test_a_prompt_that_does_not_fit_is_no_pickiness() -> None:
    """Though such messages name the limit on tokens."""
    body = {"error": {"message": "maximum context length is 9 tokens: reduce max_tokens", "param": "max_tokens"}}
    async with FakeUpstream((Status(400, body=body),)) as model, upstream_at(model.base_url) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await ask(upstream)
        assert (caught.value.end.cause, model.calls_made) == (Cause.TOO_LONG, 1)


async def test_asking_again_is_in_the_same_time() -> None:
    """The clocks run from the first request on."""
    gate = Gate()
    scripts: list[Script] = [(Status(400, body={"error": {"param": "stream_options"}}),), (gate,)]
    async with FakeUpstream(scripts) as model, upstream_at(model.base_url, stall_s=0.7) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await ask(upstream)
        assert (caught.value.end, model.calls_made) == (End(Cause.TIMEOUT), 2)


async def test_calls_that_find_out_together_tell_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each has to ask twice; it is one piece of news."""
    gate = Gate()
    seen: list[dict[str, Any]] = []

    def choose(request: dict[str, Any], _number: int) -> Script:
        seen.append(request)
        if "stream_options" in request:
            return (Status(400, body={"error": {"param": "stream_options"}}),)
        return (gate, *answer(DOCUMENT))

    async with FakeUpstream(choose) as model, upstream_at(model.base_url) as upstream:
        calls = [asyncio.create_task(ask(upstream)) for _ in range(3)]
        await gate.reached()
        gate.open()
        assert [text for text, _ in await asyncio.gather(*calls)] == [DOCUMENT] * 3
        await ask(upstream)
    assert "stream_options" not in seen[-1]
    assert len([record for record in caplog.records if record.name == "streamsum"]) == 1


# ---- the responses wire


def response_event(type: str, **members: object) -> Chunk:
    return Chunk({"type": type, **members})


async def test_the_responses_wire() -> None:
    """Its own route, request and answer."""
    usage = {"input_tokens": 7, "output_tokens": 3}
    script = (
        response_event("response.created", response={"status": "in_progress", "error": None}),
        response_event("response.output_text.delta", delta=DOCUMENT),
        response_event("response.completed", response={"status": "completed", "usage": usage}),
    )
    async with FakeUpstream(script) as model, upstream_at(model.base_url, wire="responses") as upstream:
        for _ in range(2):
            assert await ask(upstream) == (DOCUMENT, End(Cause.STOP, "completed", Usage(7, 3)))
        assert model.connections_made == 1
        assert model.calls[0].path == "/v1/responses"
        assert model.calls[0].body == {
            "model": "m-1",
            "instructions": PROMPT.system,
            "input": PROMPT.user,
            "stream": True,
            "store": False,
            "max_output_tokens": 321,
            "text": {"format": {"type": "json_schema", "name": "summary", "strict": True, "schema": SCHEMA}},
        }


async def test_a_picky_server_on_the_responses_wire() -> None:
    """It names its own parameters."""
    script = (
        response_event("response.output_text.delta", delta=DOCUMENT),
        response_event("response.completed", response={}),
    )

    def choose(request: dict[str, Any], _number: int) -> Script:
        for name, param in [("text", "text.format"), ("max_output_tokens", "max_output_tokens")]:
            if name in request:
                return (Status(400, body={"error": {"message": CANARY, "param": param}}),)
        return script

    async with FakeUpstream(choose) as model, upstream_at(model.base_url, wire="responses") as upstream:
        for calls in (4, 5):
            assert (await ask(upstream))[0] == DOCUMENT
            assert model.calls_made == calls
