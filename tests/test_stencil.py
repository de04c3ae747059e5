"""Runs of events of one form: told as if each had been read by itself, for less work."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from streamsum.upstream.answers import AnswerDecoder
from streamsum.upstream.chunks import ChunkDecoder
from streamsum.upstream.stencil import Stencil

FORM = (
    b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"%b"},"logprobs":null,"finish_reason":null}],'
    b'"usage":null}\n\n'
)
NAMED = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"%b"}]}\n\n'
# What may stand between the quotes, in bytes: texts, and what only looks like one.
INSIDES = st.sampled_from(
    [
        *(b"Ships", b" in ", b"", b"spring", b"\xc3\xa9", b"\xe6\x9d\xb1", b"index", b"null", b"content", b":", b","),
        *(rb"\"", rb"\\", rb"\n", rb"\u00e9", rb"\ud83d\ude00", rb"\ud83d", rb"\ude00", rb"\/", rb"\x"),
        *(b'a","b', b"a\\", b',"b', b'"', b'"}', b'",["', b'"],"', b"?", b"\xc3", b"\xa9", b"\x01", b"\r"),
        *(b"a\nb", b"a\n\nb"),
    ]
)
OTHERS = st.sampled_from(
    [
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
        b'data: {"id":"y","choices":[{"delta":{"content":"other"}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"last"},"finish_reason":"stop"}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"not a name"}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"so far"}}],"usage":{"completion_tokens":2}}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"a","reasoning":"b"}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"","reasoning":"b"}}]}\n\n',
        b'data: {"choices":[{"index":1,"delta":{"content":"not ours"}}]}\n\n',
        b'data:{"choices":[{"delta":{"content":"no space"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"cr lf"}}]}\r\n\r\n',
        b'event: message\ndata: {"choices":[{"delta":{"content":"named"}}]}\n\n',
        b'data: {"choices":[{"delta":\ndata: {"content":"two lines"}}]}\n\n',
        b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"bom"}}]}\n\n',
        *(b": keep-alive\n\n", b"\n", b"data: [DONE]\n\n", b"data: 42\n\n", b'data: {"error":{}}\n\n'),
    ]
)
EVENTS = st.lists(st.one_of(INSIDES.map(lambda inside: FORM % inside), OTHERS), max_size=30)


def told(decoder: AnswerDecoder, *reads: bytes) -> tuple[str, object, bool]:
    return "".join(map(decoder.feed, reads)), decoder.end(), decoder.done


def byte_by_byte(stream: bytes) -> tuple[str, object, bool]:
    """So no event is ever there whole, and none is read but by itself."""
    return told(ChunkDecoder(), *(bytes([byte]) for byte in stream))


@settings(deadline=None)
@given(EVENTS, st.lists(st.integers(0, 5_000), max_size=6))
def test_runs_are_read_as_their_events_are(events: list[bytes], places: list[int]) -> None:
    """Whatever stands between the events of a form, and inside of them; in one read, one event a read, or any cuts."""
    stream = b"".join(events)
    bounds = sorted({0, *(min(place, len(stream)) for place in places), len(stream)})
    expected = byte_by_byte(stream)
    assert told(ChunkDecoder(), stream) == expected
    assert told(ChunkDecoder(), *events) == expected
    assert told(ChunkDecoder(), *(stream[start:end] for start, end in pairwise(bounds))) == expected


@settings(deadline=None)
@given(EVENTS)
def test_a_run_is_as_alive_as_its_events(events: list[bytes]) -> None:
    """An empty text moves no clock, of whatever form its event is."""
    together, alone = ChunkDecoder(), ChunkDecoder()
    for event in events:
        reads = [(alone.feed(bytes([byte])), alone.alive) for byte in event]
        assert together.feed(event) == "".join(text for text, _ in reads)
        assert together.alive == any(alive for _, alive in reads)


class Counting(ChunkDecoder):
    """Counts the messages that are read one by one."""

    messages = 0

    @override
    def _take_message(self, message: dict[str, object]) -> None:
        type(self).messages += 1
        super()._take_message(message)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_run_costs_no_parse_of_each(at_once: bool) -> None:
    """Two are read to learn the form: what the first ones say, and two probes."""
    Counting.messages = 0
    events = [FORM % (b"text %d" % n) for n in range(200)]
    counting = Counting()
    reads = [b"".join(events)] if at_once else events
    assert "".join(map(counting.feed, reads)) == "".join(f"text {n}" for n in range(200))
    assert Counting.messages < 10


def test_a_form_that_changes_is_learned_again() -> None:
    """As where a server sends the time, in seconds."""
    Counting.messages = 0
    events = [FORM.replace(b"x", b"%d" % (n // 50)) % (b"text %d" % n) for n in range(500)]
    counting = Counting()
    assert "".join(map(counting.feed, events)) == "".join(f"text {n}" for n in range(500))
    assert Counting.messages < 60


def test_a_form_that_always_changes_is_given_up() -> None:
    """Padding, or a counter: to try at each event would cost more than it could give."""
    Counting.messages = 0
    events = [FORM.replace(b"x", b"%d" % n) % (b"text %d" % n) for n in range(200)]
    counting = Counting()
    assert "".join(map(counting.feed, events)) == "".join(f"text {n}" for n in range(200))
    assert Counting.messages < 220


@pytest.mark.parametrize("text", ["stop", "content", ",", ":", '"', "null", "0", "é"])
def test_a_text_that_stands_elsewhere_too_is_not_mistaken(text: str) -> None:
    """The form is that where another text in the same place is read as the text."""
    chunk = {"id": text, "choices": [{"delta": {"content": text}, "index": 0}], "also": [text, text]}
    first = b"data: %b\n\n" % json.dumps(chunk, ensure_ascii=False).encode()
    second = first.replace(b'"id": "', b'"id": "other ')
    assert told(ChunkDecoder(), first, first, second) == byte_by_byte(first + first + second)


def test_without_a_form_there_is_no_run() -> None:
    """Before one is learned, and where the only one says more than text."""
    stencil = Stencil(lambda event: None)
    assert stencil.lay_on(FORM % b"a", 0) is None
    stencil.learn(FORM % b"a", "a")
    assert stencil.lay_on(FORM % b"a", 0) is None


def test_a_run_ends_where_the_form_does() -> None:
    """Another event, or one that is still open, is for whoever reads them one by one."""
    stencil = Stencil(lambda event: event[len(b"<") : -len(b">\n\n")].decode().strip('"'))
    stencil.learn(b'<"one">\n\n', "one")
    assert stencil.lay_on(b'<"two">\n\n<"three">\n\n<"fo', 0) == ("twothree", 20)
    assert stencil.lay_on(b'xx<"two">\n\n: no\n\n<"three">\n\n', 2) == ("two", 11)
    assert stencil.lay_on(b'<"fo', 0) is None


@pytest.mark.parametrize(
    "stream",
    [
        [FORM % b"a", FORM % b"b", FORM % b'a",["b', FORM % b"c", FORM % b'd"],"e'],  # as many elements as texts
        [FORM % b"a", FORM.replace(b"x", b"?") % rb"\ude00", FORM % b"b"],  # what would be written for a lone half
        [NAMED % word for word in (b"not a name", b"not a name", b"stop", b"not a name", b"not a name")],
    ],
)
def test_what_only_looks_like_a_run(stream: list[bytes]) -> None:
    """It means what it means event by event."""
    assert told(ChunkDecoder(), b"".join(stream)) == told(ChunkDecoder(), *stream) == byte_by_byte(b"".join(stream))
