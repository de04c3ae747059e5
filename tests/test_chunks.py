"""The reader of chat-completions streams: every rule about bytes, every cutting. Recordings: `test_recordings.py`."""

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsum.core.passes import Cause, End, Usage
from streamsum.upstream.chunks import ChunkDecoder

DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def delta(finish: object = None, *, index: object = 0, **members: object) -> bytes:
    """One event with one choice."""
    return event({"choices": [{"index": index, "delta": members, "finish_reason": finish}]})


def read(*reads: bytes) -> tuple[str, End]:
    """The whole text and the end."""
    chunks = ChunkDecoder()
    return "".join(map(chunks.feed, reads)), chunks.end()


def cause_of(*reads: bytes) -> Cause:
    return read(*reads)[1].cause


def test_a_read_gives_the_joined_content_of_its_events() -> None:
    """One string a read, and nothing for a read that ends no event."""
    chunks = ChunkDecoder()
    assert chunks.feed(delta(content="Ships ") + delta(content="in ") + b"data: ") == "Ships in "
    assert chunks.feed(b'{"choices": ') == ""
    assert chunks.feed(b'[{"delta": {"content": "spring"}}]}\n\n') == "spring"


def test_a_normal_end() -> None:
    """Finish reason, usage and `[DONE]`, each in its own event."""
    usage = event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    assert read(delta(content="a"), delta("stop"), usage, DONE) == ("a", End(Cause.STOP, "stop", Usage(7, 3)))


@pytest.mark.parametrize(
    ("word", "cause", "shown"),
    [
        ("stop", Cause.STOP, "stop"),
        ("tool_calls", Cause.STOP, "tool_calls"),
        ("function_call", Cause.STOP, "function_call"),
        ("length", Cause.LENGTH, "length"),
        ("content_filter", Cause.FILTER, "content_filter"),
        ("eos", Cause.CUT, "eos"),
        ("STOP", Cause.CUT, "STOP"),
        ("max.tokens-2", Cause.CUT, "max.tokens-2"),
        ("a private text", Cause.CUT, None),
        ("é", Cause.CUT, None),
        ("stop\n", Cause.CUT, None),
        ("x" * 65, Cause.CUT, None),
        ("", Cause.CUT, None),
        (None, Cause.CUT, None),
        (7, Cause.CUT, None),
        (["stop"], Cause.CUT, None),
    ],
)
def test_finish_reasons(word: object, cause: Cause, shown: str | None) -> None:
    """Known ones have a cause; an unknown one is as good as none, and is shown only if it looks like a name."""
    assert read(delta(content="a"), delta(word), DONE)[1] == End(cause, shown)


def test_the_last_finish_reason_counts() -> None:
    """Some servers repeat it, with null in between."""
    assert read(delta("stop"), delta(None), delta("length"), delta(None), DONE)[1] == End(Cause.LENGTH, "length")


def test_content_after_the_finish_reason_counts() -> None:
    """Some servers say the reason a chunk early."""
    assert read(delta("stop", content="a"), delta(content="b"), DONE) == ("ab", End(Cause.STOP, "stop"))


def test_nothing_counts_after_done() -> None:
    """`[DONE]` is the end, whatever follows."""
    chunks = ChunkDecoder()
    assert chunks.feed(delta("stop", content="a") + DONE + delta(content="b") + b"data: {\n\n") == "a"
    assert chunks.done
    assert chunks.failure is None
    assert chunks.feed(delta(content="c") + event({"error": {}})) == ""
    assert chunks.end() == End(Cause.STOP, "stop")


@pytest.mark.parametrize("ending", [b"", b"data: {", b'data: {"choices": []}\n', b"<html>\n\n<p>no</p>\n\n"])
def test_a_silent_end_is_a_cut(ending: bytes) -> None:
    """Without a finish reason nobody said that it was over."""
    assert read(delta(content="a"), ending) == ("a", End(Cause.CUT))


@pytest.mark.parametrize("body", [b"", b"<!doctype html><html></html>\n\n", b'{"error": {"message": "no"}}', DONE])
def test_a_body_without_content_is_a_cut(body: bytes) -> None:
    """An empty body, a page, a JSON document, or nothing but `[DONE]`."""
    assert read(body) == ("", End(Cause.CUT))


@pytest.mark.parametrize(
    "value",
    [
        {"choices": []},
        {"choices": [{"index": 0}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"delta": {"content": ""}, "finish_reason": None}]},
        {"choices": [{"delta": {}}], "usage": None, "error": None},
        {"choices": [{"delta": {"refusal": None, "reasoning": None, "tool_calls": None}}]},
        {"choices": [{"delta": {"refusal": "", "reasoning": "", "reasoning_content": "", "reasoning_details": []}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{}"}}], "function_call": {"name": "f"}}}]},
        {"choices": [{"delta": {"content": []}}]},
        {"choices": [{"delta": {"content": [{"type": "reference", "ids": [1]}]}}]},
        {"choices": [{"message": {"content": "whole"}, "delta": {}}]},
        {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}]},
        {"object": "chat.completion.chunk", "prompt_filter_results": []},
    ],
)
def test_chunks_that_bring_nothing_are_normal(value: object) -> None:
    """No text, no life, no error: the stall clock is not moved by them."""
    chunks = ChunkDecoder()
    assert chunks.feed(event(value)) == ""
    assert not chunks.alive
    assert not chunks.done


@pytest.mark.parametrize(
    "line", [b"data:\n\n", b"data: \n\n", b"data\n\n", b": keep-alive\n\n", b"event: ping\n\n", b"\n"]
)
def test_lines_without_data_are_ignored(line: bytes) -> None:
    """An event with empty data is one by the format, but no chunk."""
    assert read(delta(content="a"), line, delta("stop", content="b")) == ("ab", End(Cause.STOP, "stop"))


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"choices": [}',
        b'{"choices": []} x',
        b"not json",
        b"{'choices': []}",
        b'{"choices": [{"delta": {"content": "\xff"}}]}',
        b'{"choices": [{"delta": {"content": "\xed\xa0\xbd"}}]}',
        b'{"choices": [{"delta": {"content": "\\u12"}}]}',
        b'{"choices": [{"delta": {"content": "\\ud83d\xff"}}]}',
        b'{"x": "\\ud83d", "choices": ' + b"[" * 100_000,
        b"42",
        b"[]",
        b"null",
        b'"text"',
        b"[DONE",
        b'{"choices": null}',
        b'{"choices": {}}',
        b'{"choices": "x"}',
        b'{"choices": [null]}',
        b'{"choices": ["x"]}',
        b'{"choices": [{"delta": null}]}',
        b'{"choices": [{"delta": []}]}',
        b'{"choices": [{"delta": {"content": 123}}]}',
        b'{"choices": [{"delta": {"content": 0}}]}',
        b'{"choices": [{"delta": {"content": true}}]}',
        b'{"choices": [{"delta": {"content": {}}}]}',
        b'{"choices": [{"delta": {"content": ["x"]}}]}',
        b'{"choices": [{"delta": {"content": [{"type": "text"}]}}]}',
        b'{"choices": [{"delta": {"content": [{"type": "text", "text": 1}]}}]}',
        b'{"choices": [{"delta": {"content": [{"text": "x"}]}}]}',
    ],
)
def test_a_malformed_chunk_is_an_error(data: bytes) -> None:
    """What came before it stays; what comes after does not count."""
    stream = delta("stop", content="a") + b"data: " + data + b"\n\n" + delta(content="b")
    assert read(stream) == ("a", End(Cause.ERROR, "stop"))


@pytest.mark.parametrize(
    "error",
    [
        event({"error": {"message": "no", "code": 400}}),
        event({"error": "no"}),
        event({"error": {}, "choices": [{"delta": {"content": "b"}, "finish_reason": "stop"}]}),
        event({"object": "error", "message": "no"}),
        b'event: error\ndata: {"message": "no"}\n\n',
        b"event: error\ndata: no JSON\n\n",
        b"event: error\ndata:\n\n",
        b'error: {"message": "no"}\n',
        b"error\n",
    ],
)
@pytest.mark.parametrize("before", [b"", delta(content="a"), delta("stop", content="a")])
def test_an_error_in_the_stream_is_an_error(error: bytes, before: bytes) -> None:
    """Alone, beside choices, as an event, as a bare line; at the start, between content, after the finish reason."""
    text, end = read(before + error + delta(content="b") + DONE)
    assert (text, end.cause) == ("a" if before else "", Cause.ERROR)


def test_an_error_beside_usage_keeps_the_usage() -> None:
    """What was spent was spent."""
    _, end = read(event({"error": {}, "usage": {"prompt_tokens": 43, "completion_tokens": 10}}))
    assert end == End(Cause.ERROR, None, Usage(43, 10))


@pytest.mark.parametrize(
    "members",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm", "content": ""},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "reasoning", "data": "ZW5jcnlwdGVk"}]},
        {"refusal": "I "},
    ],
)
def test_reasoning_is_life_and_no_text(members: dict[str, Any]) -> None:
    """So is a refusal that is being written; the next read starts anew."""
    chunks = ChunkDecoder()
    assert chunks.feed(delta(**members)) == ""
    assert chunks.alive
    assert chunks.feed(b": keep-alive\n\n") == ""
    assert not chunks.alive


@pytest.mark.parametrize(
    "members",
    [
        {"content": ""},
        {"content": []},
        {"content": [{"type": "text", "text": ""}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": ""}]}]},
        {"content": [{"type": "reasoning", "summary": []}]},
        {"reasoning_details": []},
    ],
)
def test_what_says_nothing_is_no_life(members: dict[str, Any]) -> None:
    """A server that sends nothing but such is one that has died."""
    chunks = ChunkDecoder()
    assert chunks.feed(delta(**members)) == ""
    assert not chunks.alive


def test_reasoning_is_counted() -> None:
    """It costs what text costs. What has two names is said once; what is no string is a token, or so."""
    chunks = ChunkDecoder()
    chunks.feed(delta(reasoning_content="hm"))
    chunks.feed(delta(reasoning="well", reasoning_details=[{"type": "reasoning.text", "text": "well"}]))
    assert chunks.end().thought_chars == 6
    chunks.feed(delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]))
    chunks.feed(delta(content=[{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]))
    assert chunks.end().thought_chars == 14


def test_the_text_parts_of_a_list_are_text() -> None:
    """In their order, without what stands between them."""
    parts = [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "b"}]
    assert read(delta("stop", content=parts)) == ("ab", End(Cause.STOP, "stop"))


def test_a_refusal_is_a_refusal() -> None:
    """Even though the finish reason says `stop`; its words are not text."""
    assert read(delta(refusal="I can"), delta(refusal="not"), delta("stop"), DONE) == ("", End(Cause.REFUSAL, "stop"))


def test_what_follows_a_refusal_is_no_text() -> None:
    """It must not close what was refused; in the same chunk the text comes first."""
    more = [delta(content=text) for text in ("b", "c", "d")]
    assert read(delta(content="a"), delta(refusal="No."), *more, delta("stop"), DONE) == (
        "a",
        End(Cause.REFUSAL, "stop"),
    )
    assert read(delta(content="a", refusal="No."), *more) == ("a", End(Cause.REFUSAL))


def test_only_the_first_choice_counts() -> None:
    """In one chunk or in several, first or not; without an index it is the first."""
    both = [{"index": 1, "delta": {"content": "x"}}, {"index": 0, "delta": {"content": "a"}}]
    other = delta("length", index=1, content="y", refusal="no")
    stream = event({"choices": both}) + other + delta("stop", index=None, content="b") + other + DONE
    assert read(stream) == ("ab", End(Cause.STOP, "stop"))


@pytest.mark.parametrize(
    ("figures", "usage"),
    [
        ([{"prompt_tokens": 1, "completion_tokens": 1}, {"prompt_tokens": 1, "completion_tokens": 2}], Usage(1, 2)),
        ([{"prompt_tokens": 1, "completion_tokens": 1}, None, {}], Usage(1, 1)),
        ([{"prompt_tokens": 1}, {"completion_tokens": 2}], Usage(1, 2)),
        ([{"completion_tokens": 2}], Usage(None, 2)),
        ([{"prompt_tokens": True, "completion_tokens": 1.5}], None),
        ([{"prompt_tokens": "7", "completion_tokens": -1}], None),
        ([{"prompt_tokens": 10**30, "completion_tokens": 0}], Usage(None, 0)),
        (["many", [], 7], None),
        ([], None),
    ],
)
def test_the_last_known_figures_are_the_usage(figures: list[object], usage: Usage | None) -> None:
    """Running totals; a figure that is no count of tokens is not known."""
    stream = b"".join(event({"choices": [], "usage": figure}) for figure in figures)
    assert read(stream, delta("stop"))[1] == End(Cause.STOP, "stop", usage)


@pytest.mark.parametrize(
    ("escapes", "text"),
    [
        (["\\ud83d\\ude00"], "\U0001f600"),
        (["\\ud83d", "\\ude00"], "\U0001f600"),
        (["a\\ud83d", "\\ude00b"], "a\U0001f600b"),
        (["\\ud83d", "", "\\ude00"], "\U0001f600"),
        (["\\ud83d", "\\ud83d", "\\ude00"], "\ud83d\U0001f600"),
        (["\\ud83d", "b"], "\ud83db"),
        (["a\\ude00", "b"], "a\ude00b"),
        (["\\ude00", "\\ud83d", "x"], "\ude00\ud83dx"),
        (["a", "\\ud83d"], "a"),
    ],
)
def test_a_surrogate_pair_split_over_two_deltas_is_one_character(escapes: list[str], text: str) -> None:
    """A high half waits for the next delta; one that stays alone is passed on, and is not ours to judge."""
    stream = b"".join(b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % escape.encode() for escape in escapes)
    assert read(stream + delta("stop")) == (text, End(Cause.STOP, "stop"))


def test_a_waiting_half_is_life() -> None:
    """It is content, though nothing of it can be shown yet."""
    chunks = ChunkDecoder()
    assert chunks.feed(b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n') == ""
    assert chunks.alive


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_raw_stream_has_a_limit(size: int) -> None:
    """Counted in bytes, exactly: the same text comes before it, whatever the cutting."""
    stream = delta(content="a") * 10
    chunks = ChunkDecoder(max_raw_bytes=len(stream) * 7 // 10)
    text = "".join(chunks.feed(stream[start : start + size]) for start in range(0, len(stream), size))
    assert text == "a" * 7
    assert chunks.done
    assert chunks.end() == End(Cause.LIMIT)


def test_a_stream_of_just_the_limit_is_no_runaway() -> None:
    """The limit is what may come."""
    stream = delta("stop", content="a")
    chunks = ChunkDecoder(max_raw_bytes=len(stream))
    assert (chunks.feed(stream), chunks.done, chunks.end()) == ("a", False, End(Cause.STOP, "stop"))


def test_a_line_has_a_limit() -> None:
    """A line that does not end is a runaway; what came before it stays."""
    chunks = ChunkDecoder()
    assert chunks.feed(delta(content="a") + b"data: " + b"x" * (1 << 20)) == "a"
    assert chunks.done
    assert chunks.failure is Cause.LIMIT


def test_a_runaway_line_after_done_does_not_count() -> None:
    """The first reason to stop is the one that counts."""
    assert read(delta("stop") + DONE + b"x" * (1 << 21)) == ("", End(Cause.STOP, "stop"))
    assert cause_of(event({"error": {}}) + b"x" * (1 << 21)) is Cause.ERROR


PIECES = st.sampled_from(
    [
        delta(content="a"),
        delta(content="é\U0001f642\n"),
        delta(content="x", index=1),
        delta(reasoning="hm"),
        delta("stop"),
        delta("eos"),
        delta(refusal="no"),
        event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\r\n\r\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00"}}]}\r\r',
        b'data: {"choices":\ndata: [{"delta": {"content": "two lines"}}]}\n\n',
        b": keep-alive\n\n",
        b"data:\n\n",
        DONE,
        b"data: {\n\n",
        b"error: no\n",
        b"event: error\ndata: {}\n\n",
    ]
)


@given(st.lists(PIECES).map(b"".join), st.lists(st.integers(0, 600)))
def test_any_cutting_gives_the_same_text_and_end(stream: bytes, places: Iterable[int]) -> None:
    """Byte by byte, at once, and anything between."""
    whole = read(stream)
    bounds = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    assert read(*(stream[start:end] for start, end in pairwise(bounds))) == whole
    assert read(*(bytes([byte]) for byte in stream)) == whole


@given(st.binary())
def test_no_bytes_raise(stream: bytes) -> None:
    """Whatever comes, there is an end."""
    read(stream)
    read(b"data: " + stream.replace(b"\n", b" ") + b"\n\n")
