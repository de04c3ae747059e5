"""The event-stream decoder against the standard's words, an independent decoder, and every cutting."""

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsum.core.event_stream import EventStreamDecoder, EventTooLong, ServerSentEvent

# Lines and ends of lines that touch each rule of the standard.
LINES = st.sampled_from(
    b"data|data:|data: a|data:b|data:  c|data: \xc3\xa9|event: x|event:|event|id: 7|id|id: a\0b|retry: 10|retry: x"
    b"|: note|:|error: e|other|||| data: no|\xef\xbb\xbfdata: bom".split(b"|")
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]))).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def decode(*reads: bytes, also: Sequence[str] = ()) -> list[ServerSentEvent]:
    decoder = EventStreamDecoder(also=also)
    return [event for read in reads for event in decoder.feed(read)]


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """`stream` in pieces, cut at these places."""
    bounds = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(bounds)]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        # The examples of the standard, section 9.2.6.
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
        (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         [b"first event", b"second event", b" third event"]),
        (b"data\n\ndata\ndata\n\ndata:", [b"", b"\n"]),
        (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
        (b"data: a\n", []),
        (b"data: a\n\n\n\ndata: b\n\n", [b"a", b"b"]),
        (b"event: alone\n\n", []),
        (b" data: a field's name begins the line\n\n", []),
        (b"Data: and is in lower case\n\n", []),
        (b"data: a\x0bb\x0cc\x1cd\xc2\x85e\xe2\x80\xa8f\n\n", [b"a\x0bb\x0cc\x1cd\xc2\x85e\xe2\x80\xa8f"]),
    ],
)  # fmt: skip
def test_data_is_what_the_standard_says(stream: bytes, data: list[bytes]) -> None:
    """A block of lines is an event when it has data; what is open at the end is none."""
    assert [event.data for event in decode(stream)] == data


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_ends_in_lf_cr_lf_or_cr(end: bytes) -> None:
    """All three ends of a line mean the same, and the event is out with the last of them."""
    assert decode(b"event: e" + end + b"data: d" + end + end) == [("e", b"d", "")]


def test_a_cr_lf_cut_in_two_is_one_end() -> None:
    """After a read that ends in CR, an LF belongs to it; anything else is a line."""
    assert decode(b"data: a\r", b"\ndata: b\r", b"", b"\n\r", b"\n") == [("message", b"a\nb", "")]
    assert decode(b"data: a\r", b"\r", b"data: b\r", b"\r") == [("message", b"a", ""), ("message", b"b", "")]


def test_one_leading_bom_is_ignored() -> None:
    """At the start of the stream only, and only one."""
    assert decode(b"\xef", b"\xbb\xbfdata: a\n\n") == [("message", b"a", "")]
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n") == []


def test_the_event_type_lasts_for_one_block() -> None:
    """With data or without."""
    stream = b"event: a\ndata: 1\n\nevent: b\n\ndata: 2\n\nevent: c\nevent:\ndata: 3\n\n"
    assert [event.event for event in decode(stream)] == ["a", "message", "message"]


def test_the_last_event_id_lasts_until_it_is_set_again() -> None:
    """Also by a block without data; a NUL makes it no id; an empty one takes it away."""
    decoder = EventStreamDecoder()
    events = decoder.feed(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\nid: 3\0\n\nid\ndata: d\n\nid: 9\n")
    assert [event.id for event in events] == ["1", "1", "2", ""]
    assert decoder.last_event_id == ""
    decoder.feed(b"\n")
    assert decoder.last_event_id == "9"


@pytest.mark.parametrize(
    ("line", "retry"),
    [(b"retry: 2000", 2000), (b"retry:7", 7), (b"retry: 1.5", None), (b"retry:", None), (b"retry: " + b"9" * 20, None)],
)
def test_retry_is_digits(line: bytes, retry: int | None) -> None:
    """Anything but ASCII digits is ignored."""
    decoder = EventStreamDecoder()
    decoder.feed(line + b"\n")
    assert decoder.retry == retry


def test_named_fields_of_others_are_events() -> None:
    """A field that the standard does not know is handed on at once, if it was asked for; else it is ignored."""
    stream = b'data: a\nerror: {"no": 1}\nother: x\n\n'
    assert decode(stream) == [("message", b"a", "")]
    assert decode(stream, also=["error"]) == [("error", b'{"no": 1}', ""), ("message", b"a", "")]


def test_bad_utf_8_is_left_to_the_reader_of_the_data() -> None:
    """In names and ids it is replaced, as the standard decodes; data are bytes."""
    assert decode(b"event: \xff\nid: \xfe\ndata: \xff\n\n") == [("\ufffd", b"\xff", "\ufffd")]


@pytest.mark.parametrize(
    "too_long",
    [b"data: 90123\n\n", b"data: 9012345", b": 901234567\n", b"data: 9\ndata: 9\ndata: 9\ndata: 9\ndata: 9\ndata: 9\n"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_line_and_an_events_data_have_a_limit(too_long: bytes, size: int) -> None:
    """What came before is not lost, whatever the cutting."""
    decoder = EventStreamDecoder(max_event_bytes=10)
    stream = b"data: 9012\n\n" + too_long
    events: list[ServerSentEvent] = []
    too_long_at = None
    for start in range(0, len(stream), size):
        try:
            events += decoder.feed(stream[start : start + size])
        except EventTooLong as error:
            events += error.events
            too_long_at = start
            break
    assert too_long_at is not None
    assert events == [("message", b"9012", "")]


def test_many_empty_data_lines_have_a_limit() -> None:
    """They join to line feeds, and those count."""
    with pytest.raises(EventTooLong):
        EventStreamDecoder(max_event_bytes=10).feed(b"data:\n" * 12)
    assert EventStreamDecoder(max_event_bytes=10).feed(b"data:\n" * 11 + b"\n") == [("message", b"\n" * 10, "")]


def test_a_line_in_many_reads_costs_its_length_once() -> None:
    """Twice the length takes about twice the time; copied at each read it would be four times."""

    def cpu_time(reads: int) -> float:
        decoder = EventStreamDecoder(max_event_bytes=1 << 24)
        started = time.process_time()
        for _ in range(reads):
            decoder.feed(b"x" * 1024)
        return time.process_time() - started

    assert min(cpu_time(1 << 13) for _ in range(3)) < 3 * max(cpu_time(1 << 12) for _ in range(3))


@given(STREAMS, st.lists(st.integers(0, 400)))
def test_any_cutting_gives_the_same_events(stream: bytes, places: list[int]) -> None:
    """Byte by byte, at once, and anything between."""
    whole = decode(stream, also=["error"])
    assert decode(*cut(stream, places), also=["error"]) == whole
    assert decode(*(bytes([byte]) for byte in stream), also=["error"]) == whole


@given(STREAMS.filter(lambda stream: b"\xef\xbb\xbf" not in stream))
def test_an_independent_decoder_reads_the_same(stream: bytes) -> None:
    """httpx2's, which nobody here wrote; it gives blocks without data too, so those are left out."""
    stream += b"\n\n"  # at the end it would hand on what is still open
    response = httpx2.Response(
        200,
        headers={"content-type": "text/event-stream"},
        content=stream,
        request=httpx2.Request("GET", "http://test"),
    )
    theirs = [(event.event, event.data.encode()) for event in httpx2.EventSource(response) if event.data]
    assert [(event.event, event.data) for event in decode(stream) if event.data] == theirs
