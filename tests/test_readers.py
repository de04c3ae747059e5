"""Three readers of event streams that share no code (ours, httpx2's, sseclient-py) see the same events in our bytes.

Over every hostile text that a model may write, and however the network cuts the stream. Browsers read it in the tests
of the page.
"""

import random
from collections.abc import Callable, Iterator, Sequence

import httpx2
import pytest
import sseclient

from streamsum.client.course import Course
from streamsum.client.persistence import Persistence
from streamsum.core import sse
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.core.events import Bullet, BulletDelta, Event, SummaryCreated
from tests.corpus import BROKEN, STRICT
from tests.playing import cut, play

ID = "AbCdEfGhIjKlMnOpQrSt-_"
Seen = tuple[str, str, str]  # name, id, data

# What a line of an event stream could be mistaken for, and what some take for the end of a line.
INJECTED = [
    "data: x",
    "\ndata: x\n\n",
    "a\r\n\r\nid: 9\r\nevent: summary.completed\r\ndata: {}\r\n\r\n",
    ": comment",
    "retry: 1",
    "id: \0",
    "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "\ufeffdata: x",
    "灯台 🗼 é\u0301 \U0010ffff",
    '"quoted" \\back\\slash \\n \\u000a',
    "<script>alert(1)</script>",
    "x" * 1000,
]


def stream(events: Sequence[Event]) -> bytes:
    """As a connection carries it, with a comment after each event."""
    frames, n = [sse.RETRY], 0
    for event in events:
        is_preview = isinstance(event, BulletDelta)
        n += not is_preview
        frames += [sse.frame(None if is_preview else f"{ID}:{n}", event.type, sse.encode(event)), sse.KEEP_ALIVE]
    return b"".join(frames)


def by_ours(reads: Sequence[bytes]) -> list[Seen]:
    decoder = EventStreamDecoder()
    return [(each.event, each.id, each.data.decode()) for read in reads for each in decoder.feed(read)]


def by_httpx2(reads: Sequence[bytes]) -> list[Seen]:
    head = {"content-type": "text/event-stream; charset=utf-8"}
    response = httpx2.Response(200, headers=head, content=iter(reads), request=httpx2.Request("GET", "http://x"))
    return [(each.event, each.id, each.data) for each in httpx2.EventSource(response) if each.data]


def by_sseclient(reads: Sequence[bytes]) -> list[Seen]:
    """It gives an id only to the event that sets one: the last one is kept here, as the standard says."""
    seen: list[Seen] = []
    last = ""
    for each in sseclient.SSEClient(iter(reads)).events():
        last = each.id or last
        seen.append((each.event, last, each.data))
    return seen


READERS: list[Callable[[Sequence[bytes]], list[Seen]]] = [by_ours, by_httpx2, by_sseclient]


def expected(events: Sequence[Event]) -> list[Seen]:
    n = 0
    seen: list[Seen] = []
    for event in events:
        n += not isinstance(event, BulletDelta)
        seen.append((event.type, f"{ID}:{n}", sse.encode(event).decode()))
    return seen


def cuttings(wire: bytes) -> Iterator[list[bytes]]:
    """Whole, and at random places: in lines, in characters, between the two line feeds."""
    yield [wire]
    draw = random.Random(len(wire))
    for _ in range(3):
        places = sorted(draw.sample(range(1, len(wire)), 12))
        yield [wire[a:b] for a, b in zip([0, *places], [*places, len(wire)], strict=True)]


def check(events: Sequence[Event]) -> None:
    wire = stream(events)
    for reads in cuttings(wire):
        for reader in READERS:
            assert reader(reads) == expected(events), reader.__name__


@pytest.mark.parametrize("texts", [STRICT, BROKEN], ids=["strict", "broken"])
def test_all_readers_see_the_same_events(texts: dict[str, str]) -> None:
    """Of every text of the corpus, as the core makes events of it."""
    for text in texts.values():
        events, last = play(cut(text, [7, 20, 50]), max_bullets=50)
        check([SummaryCreated(id=ID, model="m", max_bullets=50, created_at="-"), *events, last])


@pytest.mark.parametrize("text", INJECTED, ids=ascii)
def test_no_text_can_end_its_line(text: str) -> None:
    """Even one that passed no check of ours: in an item of the user's own model, in a preview."""
    bullet = Bullet(index=0, text=text, item={"text": text, text: [text]})
    check([SummaryCreated(id=ID, model=text, max_bullets=5, created_at="-"), BulletDelta(index=0, text=text), bullet])


def test_cut_anywhere_it_is_the_same() -> None:
    """At every byte of a stream."""
    created = SummaryCreated(id=ID, model="m", max_bullets=5, created_at="-")
    events: list[Event] = [created, Bullet(index=0, text="灯台 🗼\u2028")]
    wire = stream(events)
    for at in range(1, len(wire)):
        for reader in READERS:
            assert reader([wire[:at], wire[at:]]) == expected(events), reader.__name__


@pytest.mark.parametrize("text", INJECTED, ids=ascii)
def test_our_client_gives_back_what_was_sent(text: str) -> None:
    """Typed, and equal."""
    sent: list[Event] = [
        SummaryCreated(id=ID, model="m", max_bullets=5, created_at="-"),
        BulletDelta(index=0, text=text),
        Bullet(index=0, text=text, item={"text": text}),
    ]
    course = Course(persistence=Persistence(), draw=lambda: 0.0, body={})
    got = [course.takes(httpx2.ServerSentEvent(*seen[:1], seen[2], seen[1])) for seen in by_httpx2([stream(sent)])]
    assert got == sent
