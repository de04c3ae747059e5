"""Independent parsers read the same events from the same bytes, however cut: ours, npm's, streamsum.js's.

The bytes are all that is hostile in these tests: every text of the corpus as a bullet on our wire, the streams of real
providers with their quirks, and lines that touch each rule of the standard.
"""

import base64
import json
import random
import re
from collections.abc import Iterator

import pytest

from streamsum.core import sse
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.core.events import Bullet
from tests import corpus
from tests.node import node
from tests.recorded import all_streams

LINES = (
    b"data|data:|data: a|data:b|data:  c|data: \xc3\xa9|data: \xf0\x9f\x98\x80|event: x|event:|event|event: \xe6\x9d"
    b"|id: 7|id|id: a\0b|id: \xc3\xa9|retry: 10|retry: x|: note|:|error: e|other|Data: no| data: no|||||data:\0"
    b"|data: \xff|data: \xe2\x82|data: \xe2\x80\xa8x|data: \xc2\x85x|\xef\xbb\xbfdata: bom|data: {}"
).split(b"|")
ENDS = (b"\n", b"\n", b"\r\n", b"\r")
# Bytes a read, and how long a stream is read so: byte by byte is slow in all of them.
SIZES = ((1, 8_192), (61, 1 << 20), (1 << 20, 1 << 20))


def bullets() -> bytes:
    """The corpus as our own wire carries it; half a surrogate pair has no UTF-8, and is in no bullet."""
    texts = [text for text in (corpus.STRICT | corpus.BROKEN).values() if not re.search("[\ud800-\udfff]", text)]
    frames = (sse.frame(f"s:{n}", "bullet", sse.encode(Bullet(index=n, text=text))) for n, text in enumerate(texts))
    return sse.RETRY + sse.KEEP_ALIVE.join(frames)


def hostile_lines(seed: int) -> bytes:
    """Some, ended in all three ways."""
    draw = random.Random(seed)
    return b"".join(draw.choice(LINES) + draw.choice(ENDS) for _ in range(draw.randint(1, 40)))


def streams() -> Iterator[bytes]:
    yield bullets()
    yield from (each.stream for each in all_streams())
    yield from (hostile_lines(seed) for seed in range(400))


def python(stream: bytes, size: int) -> list[list[str]]:
    decoder = EventStreamDecoder()
    reads = (stream[start : start + size] for start in range(0, len(stream), size))
    events = [event for read in reads for event in decoder.feed(read)]
    return [[event.event, event.data.decode(errors="replace"), event.id] for event in events]


@pytest.mark.parametrize(("size", "longest"), SIZES)
async def test_all_of_them_read_the_same(size: int, longest: int) -> None:
    """Names, data and ids, in order."""
    wanted = [stream for stream in streams() if len(stream) <= longest]
    lines = [json.dumps({"stream": base64.b64encode(stream).decode(), "size": size}) for stream in wanted]
    async with node("parse.mjs") as parsers:
        answers = await parsers.answers("\n".join(lines))
    assert len(answers) == len(wanted) > 400
    for stream, answer in zip(wanted, answers, strict=True):
        assert answer["theirs"] == python(stream, size), stream[:200]
        assert answer["ours"] == python(stream, size), stream[:200]
