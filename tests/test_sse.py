"""core/sse.py: events on the wire."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsum.core import sse
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.core.events import (
    ANY_EVENT,
    Bullet,
    BulletDelta,
    BulletRejected,
    Event,
    Ledger,
    Reason,
    SummaryCompleted,
    SummaryCreated,
    SummaryFailed,
)
from streamsum.core.passes import PassReport, Timing
from streamsum.errors import Problem

LEDGER = Ledger(
    finish="complete",
    truncated=False,
    bullets=1,
    rejected=0,
    duplicates=0,
    repaired=0,
    passes=(PassReport(kind="first", model="m"),),
    timing=Timing(total_ms=3),
    digest="0" * 64,
)
EVENTS: list[Event] = [
    SummaryCreated(id="i" * 22, model="m", max_bullets=5, created_at="2026-11-22T00:00:00Z"),
    Bullet(index=0, text="data: x\nid: 9\r\n\r\nevent: error \u2028\u0085"),
    BulletRejected(reasons=(Reason(code="blank", detail="nothing"),)),
    BulletDelta(index=0, text="da"),
    SummaryCompleted(**dict(LEDGER)),
    SummaryFailed(problem=Problem.of("refusal"), ledger=LEDGER),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_comes_back_from_its_frame(event: Event) -> None:
    """Encoded, framed, read by the format's rules, validated: the same event."""
    wire = sse.RETRY + sse.frame("summary:7", event.type, sse.encode(event)) + sse.KEEP_ALIVE
    (received,) = EventStreamDecoder().feed(wire)
    assert received.event == event.type
    assert ANY_EVENT.validate_json(received.data) == event
    assert json.loads(received.data)["type"] == event.type


@given(st.text())
def test_no_text_can_leave_its_line(text: str) -> None:
    """Whatever a bullet says, its frame is an id, a name and one line of data."""
    frame = sse.frame("s:1", "bullet", sse.encode(Bullet(index=0, text=text)))
    lines = frame.splitlines()
    assert [line.split(b":")[0] for line in lines] == [b"id", b"event", b"data", b""]
    assert json.loads(lines[2][6:])["text"] == text


def test_an_event_without_a_cursor_has_no_id() -> None:
    """A preview moves nobody's cursor."""
    assert sse.frame(None, "bullet.delta", b"{}") == b"event: bullet.delta\ndata: {}\n\n"


def test_unknown_figures_are_null_and_absent_members_are_left_out() -> None:
    """A ledger's null stays; a problem has no empty members."""
    data = json.loads(sse.encode(EVENTS[-1]))
    assert data["ledger"]["passes"][0]["prompt_tokens"] is None
    assert set(data["problem"]) == {"type", "title", "status", "detail", "code"}
    assert "item" not in json.loads(sse.encode(EVENTS[1]))
