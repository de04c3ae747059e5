"""benchmarks/peers/deliveries.py: items are found in what came, whatever the reads; a wrong answer is no answer."""

import json
from itertools import pairwise

import pytest

from benchmarks.peers.answers import Answer, answer
from benchmarks.peers.client import Exchange
from benchmarks.peers.deliveries import Form, WrongAnswer, arrivals, body_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WANTED = answer(tokens=40, bullets=3, key="bullets")


def chunked(*pieces: bytes) -> bytes:
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"


def frame(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def bullet(text: str) -> bytes:
    return b"event: bullet\n" + frame({"type": "bullet", "text": text})


def read_in(*reads: bytes) -> Exchange:
    """Read n came at time n."""
    return Exchange(1, reads=[(float(number), read) for number, read in enumerate(reads)])


def whole(form: Form, wanted: Answer = WANTED) -> list[bytes]:
    """The pieces of a right response."""
    if form == "events":
        return [frame({"type": "summary.created"}), *map(bullet, wanted.texts), frame({"type": "summary.completed"})]
    if form == "forwarded":
        return [wanted.body[start:end] for start, end in pairwise([0, *wanted.event_ends, len(wanted.body)])]
    deltas = [wanted.document[start : start + 4] for start in range(0, len(wanted.document), 4)]
    return [*(frame({"delta": each}) for each in deltas), frame({"bullets": list(wanted.texts)})]


@pytest.mark.parametrize("form", ["events", "forwarded", "deltas"])
def test_an_item_is_there_with_its_last_byte(form: Form) -> None:
    """For every cut of the response into two reads: what is not whole in the first came with the second."""
    raw = chunked(*whole(form))
    before = [1.0] * 3
    for cut in range(1, len(raw)):
        times = arrivals(read_in(raw[:cut], raw[cut:]), form, WANTED)
        assert times == sorted(times)
        # The later the cut, the more is there before it.
        assert all(now <= then for now, then in zip(times, before, strict=True))
        before = times
    assert before == [0.0] * 3


@pytest.mark.parametrize("form", ["events", "forwarded", "deltas"])
def test_an_item_comes_when_its_piece_does(form: Form) -> None:
    """One read a piece: the times are those of the pieces with the items' ends."""
    pieces = whole(form)
    reads = [HEAD, *(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces), b"0\r\n\r\n"]
    times = arrivals(read_in(*reads), form, WANTED)
    if form == "events":
        assert times == [2, 3, 4]
    elif form == "forwarded":
        assert times == [1, 2, 3]
    else:
        assert times == [1 + (end - 1) // 4 for end in WANTED.text_ends]


@pytest.mark.parametrize(
    ("form", "spoil"),
    [
        ("events", lambda pieces: pieces[:-2]),
        ("events", lambda pieces: [*pieces, bullet("more")]),
        ("events", lambda pieces: pieces[::-1]),
        ("events", lambda pieces: [*pieces, b"data: [DONE]\n\n"]),
        ("events", lambda pieces: [each.replace(b".", b"!") for each in pieces]),
        ("forwarded", lambda pieces: pieces[:-1]),
        ("forwarded", lambda pieces: [each.replace(b".", b"!") for each in pieces]),
        ("deltas", lambda pieces: pieces[:-1]),
        ("deltas", lambda pieces: pieces[1:]),
        ("deltas", lambda pieces: [*pieces[:-1], frame({"bullets": []})]),
    ],
)
def test_a_wrong_answer_is_caught(form: Form, spoil: object) -> None:
    """One item less, one more, another order, another text, or not validated at the end: the trial is worth nothing."""
    assert callable(spoil)
    with pytest.raises(WrongAnswer):
        arrivals(read_in(chunked(*spoil(whole(form)))), form, WANTED)


def test_the_framing_is_taken_away() -> None:
    """Chunk sizes, also with extensions, are no part of the body; read ends are counted in it."""
    raw = HEAD + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    body = body_of(read_in(raw[: len(HEAD) + 2], raw[len(HEAD) + 2 : len(HEAD) + 9], raw[len(HEAD) + 9 :]))
    assert body.data == b"abcde"
    assert body.read_ends == [0, 2, 5]
    assert [body.time_of(end) for end in (1, 2, 3, 5)] == [1, 1, 2, 2]


def test_nothing_may_follow_the_end() -> None:
    """Bytes after the last chunk are another response, or a fault."""
    with pytest.raises(WrongAnswer):
        body_of(read_in(chunked(b"abc") + b"more"))
