"""The fake upstream, over real sockets: what it plays is what the client gets, and what it records is true."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.fake_upstream import (
    Chooser,
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
    ScriptError,
    Stall,
    Status,
    Step,
    Usage,
    answer,
    bullets,
    comments_forever,
    endless,
    parse,
)

DOCUMENT = bullets("Ships in spring", "Prix : 3 €", {"text": "𝄞 sings"})
REQUEST = {"model": "fake", "stream": True, "messages": []}
ROOT = Path(__file__).parent.parent


def events(body: bytes) -> list[Any]:
    """The data of each event; `[DONE]` stays a string."""
    data = [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line.startswith("data: ")]
    return [item if item == "[DONE]" else json.loads(item) for item in data]


def text_of(body: bytes, key: str = "content") -> str:
    choices = [choice for event in events(body) if event != "[DONE]" for choice in event["choices"]]
    return "".join(choice["delta"].get(key) or "" for choice in choices)


async def ask(upstream: FakeUpstream, **body: object) -> httpx2.Response:
    """One whole call on a connection of its own."""
    async with asyncio.timeout(10), httpx2.AsyncClient() as client:
        return await client.post(f"{upstream.base_url}/chat/completions", json={**REQUEST, **body})


class RawClient:
    """A call over a bare socket, to see and do what an HTTP client hides."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, body: bytes = b"{}", *, headers: Sequence[str] = (), path: str = "/v1/chat/completions") -> None:
        head = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}", *headers]
        self.writer.write("\r\n".join([*head, "", ""]).encode() + body)

    async def read_until(self, end: bytes) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readuntil(end)

    async def read_to_end(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.read()


@asynccontextmanager
async def raw_client(upstream: FakeUpstream) -> AsyncIterator[RawClient]:
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()


def chunk_sizes(body: bytes) -> list[int]:
    """The sizes of a chunked body's HTTP chunks, the last one's zero left out."""
    sizes = []
    while size := int(body[: body.index(b"\r\n")], 16):
        sizes.append(size)
        start = body.index(b"\r\n") + 2
        assert body[start + size : start + size + 2] == b"\r\n"
        body = body[start + size + 2 :]
    assert body == b"0\r\n\r\n"
    return sizes


async def test_an_answer_is_streamed_as_openai_does() -> None:
    """Role, content by tokens, finish, usage, done: each an event of its own."""
    async with FakeUpstream(answer("0123456789", usage=Usage(7, 3))) as upstream:
        response = await ask(upstream)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    role, first, second, third, finish, usage, done = events(response.content)
    assert role["choices"] == [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]
    assert [event["choices"][0]["delta"]["content"] for event in (first, second, third)] == ["0123", "4567", "89"]
    assert finish["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert done == "[DONE]"
    assert {event["object"] for event in (role, first, finish, usage)} == {"chat.completion.chunk"}


async def test_every_other_thing_that_can_be_said() -> None:
    """Reasoning, refusal, comments, raw bytes and free events are played in order."""
    script: Script = (
        Head({"X-Extra": "1"}),
        Reasoning("hmm"),
        Refusal("no"),
        Comment("still here"),
        Raw(b"data:42\r\n\r\n"),
        Chunk({"choices": None}),
        Content("\ud800"),
        Finish("length"),
    )
    async with FakeUpstream(script) as upstream:
        response = await ask(upstream)
    assert response.headers["x-extra"] == "1"
    parts = response.content.split(b": still here\n\ndata:42\r\n\r\n")
    assert text_of(parts[0], "reasoning_content") == "hmm"
    assert text_of(parts[0], "refusal") == "no"
    free, surrogate, finish = events(parts[1])
    assert free == {"choices": None}
    assert surrogate["choices"][0]["delta"]["content"] == "\ud800"
    assert finish["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 64, 1000, 10**6, (1, 5, 300), [2**30], (100, 2**30)])
async def test_any_cut_gives_the_same_bytes(cut: int | Sequence[int]) -> None:
    """The body's bytes do not depend on where the writes are cut, and each write has the size asked for."""
    script = answer(DOCUMENT)
    async with FakeUpstream(script) as upstream:
        whole = (await ask(upstream)).content
    async with FakeUpstream(script, delivery=Delivery(cut=cut)) as upstream, raw_client(upstream) as client:
        client.send()
        await client.read_until(b"\r\n\r\n")
        sizes = chunk_sizes(await client.read_until(b"0\r\n\r\n"))
        assert (await ask(upstream)).content == whole
        first, second = upstream.calls
        assert await first.closed() == await second.closed() == "finished"
        assert "".join(text for _, text in second.sent) == DOCUMENT
    wanted = [cut] if isinstance(cut, int) else cut
    assert sum(sizes) == len(whole)
    assert sizes[:-1] == [wanted[index % len(wanted)] for index in range(len(sizes) - 1)]


@pytest.mark.parametrize("coalesce", [1, 2, 3, 100])
async def test_events_are_coalesced_into_writes(coalesce: int) -> None:
    """So many events make one write, and one HTTP chunk; what is left over goes out at the end."""
    script = (Content("x" * 8), Done())
    async with FakeUpstream(script, delivery=Delivery(coalesce=coalesce)) as upstream, raw_client(upstream) as client:
        client.send()
        await client.read_until(b"\r\n\r\n")
        body = await client.read_until(b"0\r\n\r\n")
    assert len(chunk_sizes(body)) == -(-3 // coalesce)
    assert body.count(b"data: ") == 3


async def test_pace_and_first_token_delay_are_waited_for() -> None:
    """No token leaves before its time; content events alone are counted and timed."""
    delivery = Delivery(pace=200, first_token_delay=0.05)
    async with FakeUpstream(answer("0123" * 10), delivery=delivery) as upstream:
        assert text_of((await ask(upstream)).content) == "0123" * 10
        call = await upstream.next_call()
        await call.closed()
    times = [at for at, _ in call.sent]
    assert call.content_sent == len(times) == 10
    # A timer may ring one tick of the loop's clock early.
    tick = 0.002
    assert all(at >= call.arrived_at + 0.05 + index / 200 - tick for index, at in enumerate(times))
    assert call.closed_at is not None
    assert times == sorted(times)
    assert times[-1] <= call.closed_at


async def test_a_pause_holds_back_what_comes_after_it() -> None:
    """What stands before a pause is sent before it."""
    async with FakeUpstream((Content("a"), Pause(0.05), Content("b"))) as upstream:
        await ask(upstream)
        (_, first), (_, second) = [(text, at) for at, text in (await upstream.next_call()).sent]
    assert second - first >= 0.048


@pytest.mark.parametrize("delivery", [Delivery(), Delivery(coalesce=100), Delivery(cut=1000)])
async def test_a_gate_holds_until_it_is_opened(delivery: Delivery) -> None:
    """Everything before the gate has arrived, nothing after it; opening it lets the rest through."""
    gate = Gate()
    async with (
        FakeUpstream((Content("before"), gate, Content("after"), Done()), delivery=delivery) as upstream,
        raw_client(upstream) as client,
    ):
        client.send()
        await gate.reached()
        call = await upstream.next_call()
        assert [text for _, text in call.sent] == ["befo", "re"]
        assert b"after" not in await client.read_until(b'"re"},"finish_reason":null}]}\n\n')
        gate.open()
        await client.read_until(b"[DONE]\n\n")
        assert await call.closed() == "finished"


async def test_a_gate_may_stand_before_a_status() -> None:
    """No head is sent while a script waits at its start."""
    gate = Gate()
    async with FakeUpstream((gate, Status(503))) as upstream, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(ask(upstream))
        await gate.reached()
        assert not asking.done()
        gate.open()
        assert (await asking).status_code == 503


async def test_a_head_may_go_before_a_gate() -> None:
    """`Head` answers at once, before the first token."""
    gate = Gate()
    async with FakeUpstream((Head(), gate)) as upstream, raw_client(upstream) as client:
        client.send()
        assert (await client.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        await gate.reached()


async def test_reset_is_a_tcp_reset_after_all_that_was_said() -> None:
    """The client reads everything before it, then ECONNRESET."""
    async with FakeUpstream((Content("abcd"), Reset())) as upstream, raw_client(upstream) as client:
        client.send()
        assert b"abcd" in await client.read_until(b"abcd")
        with pytest.raises(ConnectionResetError):
            await client.read_to_end()
        assert await (await upstream.next_call()).closed() == "cut"


@pytest.mark.parametrize("inside_chunk", [False, True])
async def test_close_is_an_incomplete_body(inside_chunk: bool) -> None:
    """The connection ends in order, the body does not."""
    script = (Content("abcd"), Close(inside_chunk=inside_chunk))
    async with FakeUpstream(script) as upstream, raw_client(upstream) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await ask(upstream)
        client.send()
        received = await client.read_to_end()
        assert b"abcd" in received
        assert not received.endswith(b"0\r\n\r\n")
        assert [await call.closed() for call in upstream.calls] == ["cut", "cut"]


@pytest.mark.parametrize("step", [Reset(), Close()])
async def test_a_connection_may_end_without_any_answer(step: Step) -> None:
    """As the first step, reset and close leave the client without a head."""
    async with FakeUpstream((step,)) as upstream:
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            await ask(upstream)


async def test_a_status_answers_in_place_of_a_stream() -> None:
    """Code, headers and body are the script's; without a body, an error in OpenAI's shape."""
    scripts: list[Script] = [
        (Status(429, {"Retry-After": "3"}),),
        (Status(200, {"Content-Type": "text/html"}, b"<html>"),),
        (Status(599, {}, {"error": 1}),),
    ]
    async with FakeUpstream(scripts) as upstream:
        limited, page, odd = [await ask(upstream) for _ in scripts]
        assert [await call.closed() for call in upstream.calls] == ["finished"] * 3
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    assert limited.json()["error"]["code"] == "429"
    assert (page.headers["content-type"], page.content) == ("text/html", b"<html>")
    assert (odd.status_code, odd.json()) == (599, {"error": 1})


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ((Content("abcd"), Stall()), b"abcd"),
        ((Stall(),), b"HTTP/1.1 200 OK"),
        ((comments_forever(0.001),), b": keep-alive"),
        ((comments_forever(60),), b": keep-alive"),
        ((endless("abcd"),), b"abcd"),
        ((Content("abcd"), Pause(60)), b"abcd"),
        ((Forever((Chunk({"choices": []}),)),), b"choices"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("leave", ["close", "half-close", "reset"])
async def test_a_leaving_client_is_noticed_at_once(script: Script, seen: bytes, leave: str) -> None:
    """Whatever the script waits for, and however the client leaves."""
    async with FakeUpstream(script) as upstream, raw_client(upstream) as client:
        client.send()
        call = await upstream.next_call()
        received = b""
        while seen not in received:
            received += await asyncio.wait_for(client.reader.read(2**16), 5)
        match leave:
            case "close":
                client.writer.close()
            case "half-close":
                client.writer.write_eof()
            case _:
                client.writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
                )
                client.writer.transport.abort()
        assert await call.closed() == "hung_up"
        assert call.closed_at is not None


async def test_a_client_that_leaves_at_a_gate_is_noticed() -> None:
    """A gate that nobody opens holds nothing but its script."""
    gate = Gate()
    async with FakeUpstream((gate, Done())) as upstream, raw_client(upstream) as client:
        client.send()
        await gate.reached()
        client.writer.close()
        assert await upstream.calls[0].closed() == "hung_up"


async def test_no_answer_sends_nothing() -> None:
    """Not even a head, until the client leaves."""
    async with FakeUpstream((NoAnswer(),)) as upstream, raw_client(upstream) as client:
        client.send()
        call = await upstream.next_call()
        client.writer.write_eof()
        assert await client.read_to_end() == b""
        assert await call.closed() == "hung_up"


@pytest.mark.parametrize("delivery", [Delivery(), Delivery(cut=10**6), Delivery(coalesce=100), Delivery(pace=1000)])
async def test_leaving_after_the_last_event_is_no_hang_up(delivery: Delivery) -> None:
    """The body ends with its last event: a client that leaves at `[DONE]` leaves nothing unsaid."""
    async with FakeUpstream(answer("abcd"), delivery=delivery) as upstream, raw_client(upstream) as client:
        client.send()
        await client.read_until(b"[DONE]\n\n")
        client.writer.transport.abort()
        assert await upstream.calls[0].closed() == "finished"


async def test_a_client_that_does_not_read_holds_an_endless_script() -> None:
    """Nothing piles up in the fake upstream: it writes no faster than the client reads, and notices its leaving."""
    async with FakeUpstream((endless("x" * 65536, token_chars=65536),)) as upstream, raw_client(upstream) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.send()
        call = await upstream.next_call()
        client.writer.transport.abort()
        assert await call.closed() == "hung_up"
    # The kernel's buffers of both ends, and no more.
    assert call.content_sent < 1000


async def test_a_connection_is_used_again() -> None:
    """A stream read to its end leaves the connection for the next call, a status too."""
    scripts: list[Script] = [answer("a"), (Status(500),), answer("b")]
    async with FakeUpstream(scripts) as upstream, asyncio.timeout(10), httpx2.AsyncClient() as client:
        url = f"{upstream.base_url}/chat/completions"
        responses = [await client.post(url, json=REQUEST) for _ in range(4)]
        assert [response.status_code for response in responses] == [200, 500, 200, 200]
        assert [text_of(responses[index].content) for index in (0, 2, 3)] == ["a", "b", "b"]
        assert upstream.connections_made == upstream.connections_open == 1
        assert {call.connection for call in upstream.calls} == {1}


async def test_pipelined_calls_are_served_in_turn() -> None:
    """A second request sent too early waits for the first one's end, whatever the cutting."""
    gate = Gate()
    async with FakeUpstream([(gate, *answer("a")), answer("b")]) as upstream, raw_client(upstream) as client:
        client.send(b'{"n": 1}')
        client.send(b'{"n": 2}')
        await gate.reached()
        client.send(b'{"n": 3}', headers=["Connection: close"])
        gate.open()
        received = await client.read_to_end()
        assert received.count(b"HTTP/1.1 200 OK") == 3
        assert [call.body["n"] for call in upstream.calls] == [1, 2, 3]


async def test_connection_close_is_honoured() -> None:
    """The server closes after the answer if the client asks for it."""
    async with FakeUpstream(answer("a")) as upstream, raw_client(upstream) as client:
        client.send(headers=["Connection: close"])
        assert (await client.read_to_end()).endswith(b"0\r\n\r\n")


async def test_the_chooser_sees_the_request_and_the_number() -> None:
    """A function picks the script; calls count from 1."""

    def choose(body: dict[str, Any], number: int) -> Script:
        return answer(f"{number} {body['model']}")

    async with FakeUpstream(choose) as upstream:
        texts = [text_of((await ask(upstream, model=model)).content) for model in ("x", "y")]
    assert texts == ["1 x", "2 y"]


async def error_at_the_end(chooser: Chooser) -> BaseException:
    """What leaving the context raises, after one call that broke."""
    upstream = await FakeUpstream(chooser).__aenter__()
    with pytest.raises(httpx2.RemoteProtocolError):
        await ask(upstream)
    assert await upstream.calls[0].closed() == "cut"
    with pytest.raises(Exception, match=r"no script|status after") as raised:
        await upstream.__aexit__(None, None, None)
    return raised.value


async def test_a_failing_chooser_is_raised_at_the_end() -> None:
    """The client sees a broken connection, the test sees the error."""

    def choose(body: dict[str, Any], number: int) -> Script:
        raise LookupError("no script")

    assert isinstance(await error_at_the_end(choose), LookupError)


async def test_a_status_inside_a_stream_is_a_mistake() -> None:
    """A script that HTTP cannot say is refused, not bent."""
    assert isinstance(await error_at_the_end((Content("a"), Status(500))), ValueError)


async def test_calls_are_recorded() -> None:
    """Headers, path and body as they came; `next_call` gives each call once, in order."""
    async with FakeUpstream(answer("ab cd")) as upstream:
        with pytest.raises(TimeoutError):
            await upstream.next_call(within=0)
        await ask(upstream, n=1)
        await ask(upstream, n=2)
        first, second = await upstream.next_call(), await upstream.next_call()
    assert [first, second] == upstream.calls
    assert (first.number, second.number, second.connection) == (1, 2, 2)
    assert first.path == "/v1/chat/completions"
    assert first.headers["content-type"] == "application/json"
    assert first.body == json.loads(first.raw_body) == {**REQUEST, "n": 1}
    assert [text for _, text in first.sent] == ["ab c", "d"]


async def test_without_record_nothing_is_kept() -> None:
    """For servers that run for long."""
    async with FakeUpstream(answer("a"), record=False) as upstream:
        await ask(upstream)
        assert (upstream.calls, upstream.calls_made) == ([], 1)


async def test_leaving_cuts_what_still_runs() -> None:
    """No connection and no task outlives the context, and a call that was running says so."""
    gate = Gate()
    async with AsyncExitStack() as clients:
        async with FakeUpstream((Head(), gate)) as upstream:
            client = await clients.enter_async_context(raw_client(upstream))
            client.send()
            idle = await clients.enter_async_context(raw_client(upstream))
            idle.writer.write(b"POST ")
            await gate.reached()
        assert (await client.read_to_end()).startswith(b"HTTP/1.1 200 OK")
        assert upstream.connections_open == 0
        assert await upstream.calls[0].closed() == "cut"
        assert len(asyncio.all_tasks()) == 1


async def test_other_routes() -> None:
    """One model is listed; everything else is a 404 in JSON."""
    async with FakeUpstream(answer("a")) as upstream, httpx2.AsyncClient(timeout=5) as client:
        models = (await client.get(f"{upstream.base_url}/models")).json()
        assert [model["id"] for model in models["data"]] == ["fake"]
        for method, path in [("GET", "/chat/completions"), ("POST", "/models"), ("GET", "/x")]:
            response = await client.request(method, upstream.base_url + path)
            assert (response.status_code, response.json()["error"]["code"]) == (404, "404")
        assert upstream.calls == []


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]", 400),
        (b"POST /v1/chat/completions HTTP/1.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 505),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 65536 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 66000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n\r\n" + b"x" * 16777217, 413),
    ],
    ids=["nonsense", "not an object", "HTTP/1.0", "long head", "endless head", "long body"],
)
async def test_bad_requests_are_refused(request_bytes: bytes, status: int) -> None:
    """Requests have bounds, and are answered rather than dropped."""
    async with FakeUpstream(answer("a")) as upstream, raw_client(upstream) as client:
        client.writer.write(request_bytes)
        assert (await client.read_until(b"\r\n\r\n")).startswith(f"HTTP/1.1 {status} ".encode())
        assert upstream.calls == []


async def test_a_client_may_ask_before_it_sends_the_body() -> None:
    """`Expect: 100-continue`, and a chunked request, cut anywhere."""
    async with FakeUpstream(answer("a")) as upstream, raw_client(upstream) as client:
        client.writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
            b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
        )
        assert await client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.writer.write(b'3\r\n{"n\r\n')
        await client.writer.drain()
        client.writer.write(b'5\r\n": 1}\r\n0\r\n\r\n')
        await client.read_until(b"0\r\n\r\n")
        assert upstream.calls[0].body == {"n": 1}


def test_parse_knows_every_step() -> None:
    """Each verb gives its step; texts are taken as they are."""
    text = r"""
# a comment
head x-extra=1
role
content {"bullets": ["a   b
reasoning hm
refusal no
finish stop
usage 12 34
done
raw data: "€"\r\n\x00\xff\\\t
comment hello there
chunk {"a": [1]}
pause 100ms
  pause 1.5s
stall
no-answer
close
close inside-chunk
reset
status 429 retry-after=3
comments-forever 15s
endless ha
"""
    assert parse(text) == (
        Head({"x-extra": "1"}),
        Role(),
        Content('{"bullets": ["a   b'),
        Reasoning("hm"),
        Refusal("no"),
        Finish("stop"),
        Usage(12, 34),
        Done(),
        Raw('data: "€"\r\n'.encode() + b"\x00\xff\\\t"),
        Comment("hello there"),
        Chunk({"a": [1]}),
        Pause(0.1),
        Pause(1.5),
        Stall(),
        NoAnswer(),
        Close(),
        Close(inside_chunk=True),
        Reset(),
        Status(429, {"retry-after": "3"}),
        comments_forever(15),
        endless("ha"),
    )
    assert parse("content  abc \r\nrole\r\n", token_chars=1) == (Content(" abc ", 1), Role())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("contnet x", "unknown step 'contnet'"),
        ("content", "a text must follow"),
        ("pause 100", "a duration such as 100ms or 2s"),
        ("usage 12", "two counts"),
        ("status retry", "a status code"),
        ("status 429 retry", "name=value"),
        ("finish", "one word"),
        ("done now", "nothing may follow"),
        ("close soon", "only inside-chunk"),
        ("chunk {", "JSON must follow"),
        (r"raw \q", r"unknown escape \\q"),
        ("raw \\", "unknown escape"),
    ],
)
def test_a_bad_line_is_named(line: str, reason: str) -> None:
    """The error says which line, and what was expected there."""
    with pytest.raises(ScriptError, match=rf"^line 3: .*{reason}"):
        parse(f"role\n\n{line}\ndone")


def test_mistakes_are_refused_where_they_are_made() -> None:
    """Steps and deliveries that make no sense cannot be built."""
    with pytest.raises(ValueError, match="token_chars"):
        Content("a", 0)
    with pytest.raises(ValueError, match="repeat"):
        Forever(())
    for cut in (-1, (), (3, 0)):
        with pytest.raises(ValueError, match="cut"):
            Delivery(cut=cut)
    with pytest.raises(ValueError, match="coalesce"):
        Delivery(coalesce=0)


@asynccontextmanager
async def command(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "benchmarks.fake_upstream", *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """It prints its base URL, plays the file, and exits 0 without a word, even with a stream open."""
    file = tmp_path / "script.txt"
    file.write_text("content hello\nstall\n")
    async with asyncio.timeout(20), command("--script", str(file), "--cut", "5") as process:
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        async with (
            httpx2.AsyncClient(timeout=10) as client,
            client.stream("POST", f"{base_url}/chat/completions", json=REQUEST) as response,
        ):
            pieces = response.aiter_raw()
            received = b""
            while not received.endswith(b"\n\n"):
                received += await anext(pieces)
            process.send_signal(number)
            with pytest.raises(httpx2.RemoteProtocolError):
                received += b"".join([piece async for piece in pieces])
        assert text_of(received).startswith("hell")
        stdout, stderr = await process.communicate()
    assert (process.returncode, stdout, stderr) == (0, b"", b"")


async def test_the_command_plays_bullets() -> None:
    """`--bullets N` is an answer with that many bullets, and delivery options do not change it."""
    options = "--bullets 3 --token-chars 9 --pace 5000 --first-token-delay 0.01 --coalesce 4"
    async with asyncio.timeout(20), command(*options.split()) as process:
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        async with httpx2.AsyncClient(timeout=10) as client:
            response = await client.post(f"{base_url}/chat/completions", json=REQUEST)
    assert len(json.loads(text_of(response.content))["bullets"]) == 3


async def test_the_command_explains_a_bad_script(tmp_path: Path) -> None:
    """The file and the line are named; no traceback."""
    file = tmp_path / "script.txt"
    file.write_text("role\nnothing\n")
    async with asyncio.timeout(20), command("--script", str(file)) as process:
        _, stderr = await process.communicate()
    assert process.returncode == 2
    assert b"script.txt: line 2: unknown step" in stderr
    assert b"Traceback" not in stderr
