"""What is written once is sent each time; what it is answered means the same; and only where it may be kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import openai
import pytest

from benchmarks.fake_upstream import Close, FakeUpstream, NoAnswer, Reset, Script, Status, answer, bullets
from streamsum.core.passes import Cause, End, Prompt
from streamsum.upstream.base import UpstreamError
from streamsum.upstream.letterhead import writes_the_same
from streamsum.upstream.openai import OpenAIUpstream
from streamsum.upstream.transport import Transport, http_client
from tests.test_transport import site

DOCUMENT = bullets("One é.")
ANSWER = answer(DOCUMENT)
PROMPT = Prompt(system="Summarise.", user="Ünï 😀 \u2028", schema={"type": "object"}, max_tokens=100)
WORKLOAD: Any = {"identity_provider_id": "i"}
TOO_LONG = {"error": {"code": "context_length_exceeded", "message": "This model's maximum context length is 8192"}}


@asynccontextmanager
async def upstream_of(
    model: FakeUpstream, *, client: Mapping[str, Any] | None = None, **options: Any
) -> AsyncIterator[OpenAIUpstream]:
    """It is asked by way of the real client, over real connections."""
    given: dict[str, Any] = {"api_key": "sk-one", "base_url": model.base_url}
    given |= {"http_client": http_client(Transport(streams=4))} | dict(client or {})
    upstream = OpenAIUpstream(openai.AsyncOpenAI(**given), model="m", **options)
    try:
        async with asyncio.timeout(15):
            yield upstream
    finally:
        await upstream.aclose()


async def ask(upstream: OpenAIUpstream, *, within: float = 10.0) -> str:
    async with upstream.call(PROMPT, deadline=asyncio.get_running_loop().time() + within) as reply:
        return "".join([text async for text in reply])


@pytest.mark.parametrize("wire", ["chat", "responses"])
async def test_later_requests_are_as_the_sdk_writes_them(wire: Literal["chat", "responses"]) -> None:
    """Path and query, every header, and the body to the byte."""
    client = {
        "default_headers": {"X-Team": "a", "Content-Type": "application/json; charset=utf-8"},
        "organization": "org",
        "project": "p",
    }
    extra = {"keep": ["é", None, 1.5]}
    async with (
        FakeUpstream(ANSWER) as model,
        upstream_of(model, client=client, wire=wire, extra_body=extra) as upstream,
    ):
        for _ in range(3):
            await ask(upstream)
        first, *others = model.calls
    assert (first.headers["x-team"], first.headers["authorization"]) == ("a", "Bearer sk-one")
    for each in others:
        assert (each.path, each.headers, each.raw_body) == (first.path, first.headers, first.raw_body)


async def test_a_query_is_kept() -> None:
    """Some servers have their version in it."""
    lines: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.partition(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: [DONE]\n\n")
        writer.close()

    async with site(serve) as serving, FakeUpstream(()) as model:
        client = {"base_url": f"http://127.0.0.1:{serving.port}/v1", "default_query": {"version": "2 b"}}
        async with upstream_of(model, client=client) as upstream:
            for _ in range(2):
                await ask(upstream)
    assert lines == [b"POST /v1/chat/completions?version=2+b HTTP/1.1"] * 2


async def test_what_is_asked_differently_is_sent_differently() -> None:
    """Only what is above the body is kept."""
    async with FakeUpstream(ANSWER) as model, upstream_of(model) as upstream:
        await ask(upstream)
        async with upstream.call(Prompt("Other.", "text", {}, 7), deadline=asyncio.get_running_loop().time() + 10):
            pass
    assert model.calls[1].body["messages"][0]["content"] == "Other."
    assert model.calls[1].body["max_tokens"] == 7
    assert int(model.calls[1].headers["content-length"]) == len(model.calls[1].raw_body)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ((Status(429, {"Retry-After": "7"}),), End(Cause.OVERLOADED, retry_after=7.0)),
        ((Status(500),), End(Cause.ERROR)),
        ((Status(503, {}, b""),), End(Cause.ERROR)),
        ((Status(401),), End(Cause.REJECTED)),
        ((Status(404, {}, b"<html>\xff"),), End(Cause.REJECTED)),
        ((Status(400, {}, TOO_LONG),), End(Cause.TOO_LONG)),
        ((Status(307, {"Location": "http://127.0.0.1:1/"}),), End(Cause.REJECTED)),
        ((Reset(),), End(Cause.ERROR)),
        ((Close(),), End(Cause.ERROR)),
        ((NoAnswer(),), End(Cause.TIMEOUT)),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_a_later_refusal_means_what_the_first_one_does(later: bool, script: Script, end: End) -> None:
    """Statuses, broken connections, silence; whoever has built the request."""
    scripts = [ANSWER, script] if later else [script]
    async with FakeUpstream(scripts) as model, upstream_of(model) as upstream:
        if later:
            assert await ask(upstream) == DOCUMENT
        with pytest.raises(UpstreamError) as caught:
            await ask(upstream, within=0.5)
    assert caught.value.end == end


async def test_a_later_refusal_of_a_parameter_steps_down_too() -> None:
    """A server may have been replaced by one that knows less."""
    refusal = Status(400, {}, {"error": {"message": "Unknown parameter", "param": "response_format"}})
    async with FakeUpstream([ANSWER, (refusal,), ANSWER]) as model, upstream_of(model) as upstream:
        for _ in range(2):
            assert await ask(upstream) == DOCUMENT
    modes = [call.body["response_format"]["type"] for call in model.calls]
    assert modes == ["json_schema", "json_schema", "json_object"]


async def test_a_key_that_is_asked_for_is_asked_for_each_time() -> None:
    """It may be good for minutes only."""
    keys = iter(["sk-one", "sk-two", "sk-three"])

    async def next_key() -> str:
        return next(keys)

    async with FakeUpstream(ANSWER) as model, upstream_of(model, client={"api_key": next_key}) as upstream:
        for _ in range(3):
            await ask(upstream)
    assert [call.headers["authorization"] for call in model.calls] == [
        "Bearer sk-one",
        "Bearer sk-two",
        "Bearer sk-three",
    ]


async def test_a_refused_first_request_is_not_kept() -> None:
    """Nothing is known of it but that it did not do."""
    async with FakeUpstream([(Status(500),), ANSWER, ANSWER]) as model, upstream_of(model) as upstream:
        with pytest.raises(UpstreamError):
            await ask(upstream)
        for _ in range(2):
            assert await ask(upstream) == DOCUMENT
    assert model.calls[2].headers == model.calls[1].headers


def test_who_signs_each_request_writes_each_anew() -> None:
    """Other providers' clients are classes of their own; and a workload has its tokens changed."""

    async def key() -> str:
        return "sk"

    class Signing(openai.AsyncOpenAI):
        pass

    assert writes_the_same(openai.AsyncOpenAI(api_key="sk"))
    assert not writes_the_same(openai.AsyncOpenAI(api_key=key))
    assert not writes_the_same(Signing(api_key="sk"))
    azure = openai.AsyncAzureOpenAI(api_key="k", azure_endpoint="http://127.0.0.1", api_version="1")
    assert not writes_the_same(azure)
    workload = openai.AsyncOpenAI(api_key="sk")
    workload.workload_identity = WORKLOAD
    assert not writes_the_same(workload)
