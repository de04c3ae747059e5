"""A request's body: counted, timed, strict."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from streamsum.errors import RequestRefused
from streamsum.web.bodies import read_object
from streamsum.web.departure import ClientGone
from tests.jumping_clock import in_jumping_time, now

JSON = Headers({"Content-Type": "application/json"})
CANARY = "xyzzy-canary"


def sending(*pieces: bytes) -> Receive:
    """A client that sends its body in these pieces."""
    return _playing(
        {"type": "http.request", "body": piece, "more_body": n < len(pieces)} for n, piece in _numbered(pieces)
    )


def _numbered(pieces: tuple[bytes, ...]) -> Iterable[tuple[int, bytes]]:
    return enumerate(pieces, start=1)


def _playing(messages: Iterable[Message]) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    return receive


async def never() -> Message:
    raise AssertionError("nothing should be read")


async def read(headers: Headers, receive: Receive, *, max_bytes: int = 1000) -> dict[str, Any]:
    return await read_object(headers, receive, max_bytes=max_bytes, within=10)


async def refused(headers: Headers, receive: Receive, *, max_bytes: int = 1000) -> str:
    with pytest.raises(RequestRefused) as refusal:
        await read(headers, receive, max_bytes=max_bytes)
    assert CANARY not in refusal.value.problem.model_dump_json()
    return refusal.value.problem.code


async def test_a_body_is_an_object_in_any_number_of_pieces() -> None:
    """Cut inside a character, with an empty piece."""
    data = '{"text": "Grüße"}'.encode()
    for cut in range(len(data)):
        assert await read(JSON, sending(data[:cut], b"", data[cut:])) == {"text": "Grüße"}


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        " application/json ; charset = utf-8 ",
    ],
)
async def test_json_in_utf_8_is_taken(kind: str) -> None:
    """However it is spelled."""
    assert await read(Headers({"Content-Type": kind, "Content-Encoding": "Identity"}), sending(b"{}")) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": "application/problem+json"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity, br"},
    ],
)
async def test_any_other_type_or_coding_is_415(headers: dict[str, str]) -> None:
    """Before a byte is read."""
    assert await refused(Headers(headers), never) == "unsupported_media_type"


async def test_two_content_types_are_415() -> None:
    """Nobody guesses which was meant."""
    twice = Headers(raw=[(b"content-type", b"application/json")] * 2)
    assert await refused(twice, never) == "unsupported_media_type"


@pytest.mark.parametrize("declared", ["1001", "0001001", "9" * 10_000])
async def test_a_declared_length_over_the_limit_is_413_unread(declared: str) -> None:
    """However long the number."""
    headers = Headers({"Content-Type": "application/json", "Content-Length": declared})
    assert await refused(headers, never) == "too_large"


@pytest.mark.parametrize("declared", ["-5", "", "a", "２"])
async def test_a_length_that_is_none_does_not_count(declared: str) -> None:
    """The HTTP parser refuses it; here only bytes count."""
    headers = Headers(raw=[(b"content-type", b"application/json"), (b"content-length", declared.encode("utf-8"))])
    assert await read(headers, sending(b"{}")) == {}


async def test_bytes_over_the_limit_are_413_and_no_more_is_read() -> None:
    """What was declared does not matter."""
    headers = Headers({"Content-Type": "application/json", "Content-Length": "2"})
    endless = _playing({"type": "http.request", "body": b" " * 400, "more_body": True} for _ in range(3))
    assert await refused(headers, endless) == "too_large"


async def test_exactly_the_limit_is_taken() -> None:
    """A byte less than too much."""
    body = b'{"text": "aaaa"}'
    assert await read(JSON, sending(body), max_bytes=len(body)) == {"text": "aaaa"}
    assert await refused(JSON, sending(body), max_bytes=len(body) - 1) == "too_large"


@in_jumping_time
async def test_a_body_that_dribbles_in_is_408() -> None:
    """The whole of it has 10 seconds, however busily it comes."""

    async def dribble() -> Message:
        await asyncio.sleep(3)
        return {"type": "http.request", "body": b" ", "more_body": True}

    begun = now()
    assert await refused(JSON, dribble) == "request_timeout"
    assert now() - begun == pytest.approx(10)


async def test_a_client_that_leaves_in_its_body_is_gone() -> None:
    """There is nobody to answer."""
    receive = _playing([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    with pytest.raises(ClientGone):
        await read(JSON, receive)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'text': 1}",
        b'{"text": NaN}',
        b'{"text": Infinity}',
        b'{"text": "a", "text": "b"}',
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\xff"}',
        b'{"text": "a\nb"}',
        b'\xef\xbb\xbf{"text": "a"}',
        '{"text": "a"}'.encode("utf-16"),
        b'{"text": "a"} {}',
        b'{"text": "a",}',
        b'{"text": "a"} // no',
        b'{"text":' + b"[" * 8 + b"]" * 8 + b"}",
        b"[" * 500_000,
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b'{"max_bullets": 1' + b"0" * 40 + b"}",
    ],
)
async def test_what_is_not_strictly_json_is_400(body: bytes) -> None:
    """Nothing that two readers could understand differently; at most 8 deep."""
    assert await refused(JSON, sending(body), max_bytes=1 << 20) == "invalid_json"


async def test_eight_deep_is_deep_enough() -> None:
    """The limit itself is allowed."""
    assert await read(JSON, sending(b'{"a":' * 8 + b"1" + b"}" * 8))


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"42", b"null", b'[{"text": "a"}]'])
async def test_json_that_is_no_object_is_422(body: bytes) -> None:
    """Valid, but no request."""
    assert await refused(JSON, sending(body)) == "invalid_request"


async def test_a_refusal_says_nothing_of_the_body() -> None:
    """Neither in the problem nor in the exception."""
    assert await refused(JSON, sending(f'{{"text": "{CANARY}'.encode())) == "invalid_json"
    assert await refused(JSON, sending(f'["{CANARY}"]'.encode())) == "invalid_request"
