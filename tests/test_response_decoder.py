"""The reader of the responses API's streams. What it shares with the chat wire: `test_chunks.py`."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsum.core.passes import Cause, End, Usage
from streamsum.upstream.responses import ResponseDecoder

LENGTH = {"reason": "max_output_tokens"}


def event(type: object, **members: object) -> bytes:
    return f"event: {type}\ndata: {json.dumps({'type': type, **members}, ensure_ascii=False)}\n\n".encode()


def delta(text: object) -> bytes:
    return event("response.output_text.delta", output_index=0, delta=text)


def over(status: str, **members: object) -> bytes:
    return event(f"response.{status}", response={"status": status, "error": None, **members})


def read(*reads: bytes) -> tuple[str, End]:
    """The whole text and the end."""
    answer = ResponseDecoder()
    return "".join(map(answer.feed, reads)), answer.end()


def test_a_normal_end() -> None:
    """Text, status and usage; nothing counts after it."""
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    answer = ResponseDecoder()
    assert answer.feed(delta("a") + delta("") + delta("b") + over("completed", usage=usage) + delta("c")) == "ab"
    assert answer.done
    assert answer.end() == End(Cause.STOP, "completed", Usage(7, 3))


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (over("incomplete", incomplete_details=LENGTH), End(Cause.LENGTH, "max_output_tokens")),
        (over("incomplete", incomplete_details={"reason": "content_filter"}), End(Cause.FILTER, "content_filter")),
        (over("incomplete", incomplete_details={"reason": "a private text"}), End(Cause.CUT)),
        (over("incomplete", incomplete_details=None), End(Cause.CUT, "incomplete")),
        (over("incomplete", incomplete_details={"reason": 7}), End(Cause.CUT, "incomplete")),
        (event("response.completed"), End(Cause.STOP, "completed")),
        (event("response.completed", response=7), End(Cause.STOP, "completed")),
        (over("completed", usage=7), End(Cause.STOP, "completed")),
        (event("response.completed", response={"status": "failed"}), End(Cause.ERROR)),
        (event("response.completed", response={"status": "cancelled"}), End(Cause.ERROR)),
        (over("failed"), End(Cause.ERROR)),
        (over("cancelled"), End(Cause.ERROR)),
        (event("error", code="no", message="no"), End(Cause.ERROR)),
        (b'data: {"type":"error"}\n\n', End(Cause.ERROR)),
        (b'data: {"error":{"message":"no"}}\n\n', End(Cause.ERROR)),
        (b'data: {"type":"response.created","error":{}}\n\n', End(Cause.ERROR)),
        (b"error: no\n\n", End(Cause.ERROR)),
        (b"data: {}\n\n", End(Cause.ERROR)),
        (b'data: {"choices":[{"delta":{"content":"b"}}]}\n\n', End(Cause.ERROR)),
        (b'data: {"type":7}\n\n', End(Cause.ERROR)),
        (b"data: []\n\n", End(Cause.ERROR)),
        (b"data: {\n\n", End(Cause.ERROR)),
        (delta(7), End(Cause.ERROR)),
        (delta(None), End(Cause.ERROR)),
        (event("response.output_text.delta"), End(Cause.ERROR)),
        (b"data: [DONE]\n\n", End(Cause.CUT)),
        (b"", End(Cause.CUT)),
        (event("response.output_text.done", text="a") + event("response.of_tomorrow", delta="b"), End(Cause.CUT)),
        (event("response.refusal.delta", delta="No.") + over("completed"), End(Cause.REFUSAL, "completed")),
        (event("response.refusal.done", refusal="No."), End(Cause.REFUSAL)),
        (event("response.refusal.delta", delta="No.") + delta("b"), End(Cause.REFUSAL)),
    ],
)  # fmt: skip
def test_how_it_ends(last: bytes, end: End) -> None:
    """By what the stream says, in our words; the text before it stands."""
    assert read(delta("a") + last) == ("a", end)


@pytest.mark.parametrize(
    ("said", "alive"),
    [
        (event("response.reasoning_text.delta", delta="hm"), True),
        (event("response.reasoning_summary_text.delta", delta="hm"), True),
        (event("response.refusal.delta", delta="No."), True),
        (delta("a"), True),
        (event("response.reasoning_text.delta", delta=""), False),
        (event("response.reasoning_text.done", text="hm"), False),
        (event("response.created", response={}), False),
        (event("keepalive"), False),
        (event("response.function_call_arguments.delta", delta="{"), False),
        (delta(""), False),
        (b": keepalive\n\n", False),
    ],
)
def test_what_is_life(said: bytes, alive: bool) -> None:
    """What the model gives, and nothing that a server sends to keep a connection; the next read starts anew."""
    answer = ResponseDecoder()
    answer.feed(said + event("response.in_progress"))
    assert answer.alive is alive
    answer.feed(b": keepalive\n\n")
    assert not answer.alive


def test_a_pair_may_be_split_over_two_deltas() -> None:
    """As on the other wire."""
    halves = [b'data: {"type":"response.output_text.delta","delta":"\\u%s"}\n\n' % half for half in (b"d83d", b"de00")]
    assert read(*halves)[0] == "😀"


def test_a_stream_has_a_limit() -> None:
    """As on the other wire."""
    answer = ResponseDecoder(max_raw_bytes=100)
    answer.feed(b": keepalive\n\n" * 10)
    assert answer.end().cause is Cause.LIMIT


PIECES = st.sampled_from(
    [
        delta("Ünï 😀"),
        delta("b"),
        event("response.reasoning_text.delta", delta="hm"),
        event("keepalive"),
        b": keepalive\r\n\r\n",
        b'data: {"type":"response.output_text.delta","delta":"\\ud83d"}\n\n',
        b'data: {"type":"response.output_text.delta","delta":"\\ude00"}\n\n',
        event("response.refusal.delta", delta="No."),
        over("completed", usage={"input_tokens": 7}),
        over("incomplete", incomplete_details=LENGTH),
        over("failed"),
        b"data: [DONE]\n\n",
        b"data: {\n\n",
    ]
)


@given(st.lists(PIECES).map(b"".join), st.lists(st.integers(0, 600)))
def test_any_cutting_gives_the_same_text_and_end(stream: bytes, places: list[int]) -> None:
    """Byte by byte, at once, and anything between."""
    whole = read(stream)
    bounds = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    assert read(*(stream[start:end] for start, end in pairwise(bounds))) == whole
    assert read(*(bytes([byte]) for byte in stream)) == whole
