"""One request over real HTTP: what was sent, what is noted, and every way to fail by a name."""

import asyncio
import json

import pytest

from benchmarks.fake_upstream import Content, FakeUpstream, Gate, answer, bullets
from benchmarks.load.client import MAX_STREAM_BYTES, is_alive, session_for
from benchmarks.load.outcome import INTERRUPTED
from benchmarks.load.target import Target
from tests.load.answering import HANG, OK_STREAM, RESET, answering, ask, client_of
from tests.load.streams import created, whole
from tests.servers import served, settings_for

GOOD = OK_STREAM + b"".join(whole("One.", "Two."))


async def test_a_good_answer_is_timed_in_order() -> None:
    """Of the real service, from a model that waits in the middle: headers, first event, bullets, the end."""
    gate = Gate()
    document = bullets("One.", "Two.")
    script = (*answer(document)[:1], Content(document[:22]), gate, Content(document[22:]), *answer("")[2:])
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as service,
        client_of(Target.read(f"http://127.0.0.1:{service.port}")) as client,
    ):
        asking = asyncio.create_task(ask(client))
        await gate.reached()
        opened = asyncio.get_running_loop().time()
        gate.open()
        outcome = await asking
    assert (outcome.error, outcome.status, outcome.finish, outcome.ended) == (None, 200, "complete", True)
    assert outcome.waited is not None
    assert outcome.headers is not None
    assert outcome.first_event is not None
    assert outcome.total is not None
    first, second = outcome.bullets
    assert 0 <= outcome.waited <= outcome.headers <= outcome.first_event <= first <= second <= outcome.total
    assert second >= opened - outcome.scheduled_at
    assert outcome.bytes > 500


async def test_a_request_is_what_was_asked_for() -> None:
    """The texts in turn, the fields, the key, a key against repetition; the tag only where a journal is kept."""
    async with answering(GOOD) as server:
        async with client_of(server.target) as client:
            plain = [await ask(client, number) for number in (0, 1)]
        async with client_of(server.target, tagged=True) as client:
            tagged = await ask(client, 2)
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]
    assert bodies == [
        {"text": 'Said "a".', "max_bullets": 3},
        {"text": "𝄞 b", "max_bullets": 3},
        {"text": f'load-test-{tagged.tag}\n\nSaid "a".', "max_bullets": 3},
    ]
    heads = [request.partition(b"\r\n\r\n")[0].decode() for request in server.requests]
    assert all(head.startswith("POST /v1/summaries HTTP/1.1\r\n") for head in heads)
    assert all("Authorization: Bearer sk-1" in head for head in heads)
    assert [f"Idempotency-Key: {it.tag}" in head for it, head in zip([*plain, tagged], heads, strict=True)] == [
        True
    ] * 3
    assert len(tagged.tag) == 16
    assert len({it.tag for it in [*plain, tagged]}) == 3


PROBLEM = b"HTTP/1.1 429 Too Many\r\ncontent-type: application/problem+json\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "error", "status", "ended"),
    [
        (PROBLEM + b'{"code": "rate_limited"}', "rate_limited", 429, False),
        (PROBLEM + b"<html>", "http_429", 429, False),
        (b"HTTP/1.1 307 Go\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n", "http_307", 307, False),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n", "http_200", 200, False),
        (OK_STREAM + created() + RESET, "no_terminal_event", 200, False),
        (OK_STREAM + created(), "no_terminal_event", 200, False),
        (GOOD.replace(b"connection: close", b"content-length: 100000"), "unclean_end", 200, True),
        (OK_STREAM + whole("a")[1], "wrong_id", 200, False),
        (OK_STREAM + (b": " + b"x" * 997 + b"\n") * (MAX_STREAM_BYTES // 1000 + 1), "endless_stream", 200, False),
        (RESET, "disconnected", None, False),
        (b"nonsense", "disconnected", None, False),
    ],
    ids=[
        "problem",
        "no problem",
        "redirect",
        "html",
        "reset",
        "cut",
        "unclean",
        "wrong",
        "endless",
        "dead",
        "nonsense",
    ],
)
async def test_every_failure_has_a_name(said: bytes, error: str, status: int | None, ended: bool) -> None:
    """The contract's code where there is one, else ours; redirects are not followed."""
    async with answering(said) as server, client_of(server.target) as client:
        outcome = await ask(client)
    assert (outcome.error, outcome.status, outcome.ended) == (error, status, ended)
    assert outcome.total is not None


async def test_nobody_there() -> None:
    """A port that nobody listens on: an error of the request, and no sign of life."""
    async with answering(GOOD) as server:
        target = server.target
        async with session_for(target) as session:
            assert await is_alive(session, target)
    async with client_of(target) as client, session_for(target) as session:
        assert (await ask(client)).error == "not_connected"
        assert not await is_alive(session, target)


async def test_a_silent_server_is_no_sign_of_life() -> None:
    """It is waited for, but not for ever."""
    async with answering(HANG) as server, session_for(server.target) as session:
        assert not await is_alive(session, server.target, within_s=0.05)


async def test_the_time_out_counts_from_when_it_was_due() -> None:
    """In the stream, and before it could be sent at all; what came until then is kept."""
    async with answering(OK_STREAM + created() + HANG) as server, client_of(server.target, timeout_s=0.3) as client:
        late = await ask(client)
        assert (late.error, late.status) == ("timeout", 200)
        assert late.first_event is not None
        outcome = client.new(1, asyncio.get_running_loop().time(), measured=True)
        await client.send(outcome, asyncio.Semaphore(0))
        assert (outcome.error, outcome.waited) == ("not_sent", None)
    assert len(server.requests) == 1


async def test_an_interrupted_request_is_no_error() -> None:
    """Whatever had come of it was right; and it is told apart."""
    async with answering(OK_STREAM + created() + HANG) as server, client_of(server.target) as client:
        outcome = client.new(0, asyncio.get_running_loop().time(), measured=True)
        sending = asyncio.create_task(client.send(outcome, asyncio.Semaphore(1)))
        await server.said.wait()
        sending.cancel()
        await asyncio.wait([sending])
    assert (outcome.error, sending.cancelled()) == (INTERRUPTED, True)
    assert outcome.total is not None
