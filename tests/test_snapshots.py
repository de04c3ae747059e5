"""A summary as one object."""

from streamsum.core.events import (
    Bullet,
    BulletRejected,
    Event,
    Ledger,
    Reason,
    SummaryCompleted,
    SummaryCreated,
    SummaryFailed,
)
from streamsum.core.passes import Timing
from streamsum.core.sse import encode
from streamsum.errors import Problem
from streamsum.runs.log import Entry
from streamsum.web.snapshots import snapshot

CREATED = SummaryCreated(id="x", model="parrot", max_bullets=5, created_at="2026-11-22T10:00:00Z")
BULLET = Bullet(index=0, text="One.")
REJECTED = BulletRejected(reasons=(Reason(code="blank", detail="Nothing there."),))
LEDGER = Ledger(
    finish="complete",
    truncated=False,
    bullets=1,
    rejected=1,
    duplicates=0,
    repaired=0,
    passes=(),
    timing=Timing(),
    digest="0" * 64,
)


def entries(*events: Event) -> list[Entry]:
    return [Entry(n, event.type, encode(event)) for n, event in enumerate(events, start=1)]


def test_before_its_first_event_it_runs() -> None:
    """Every member is there from the start."""
    assert snapshot("x", []) == {
        "id": "x",
        "status": "running",
        "bullets": [],
        "rejected": [],
        "ledger": None,
        "problem": None,
    }


def test_a_running_one_shows_what_it_has() -> None:
    """The events' data, without their names."""
    found = snapshot("x", entries(CREATED, BULLET, REJECTED))
    assert found["status"] == "running"
    assert found["bullets"] == [{"index": 0, "text": "One.", "evidence": [], "warnings": []}]
    assert found["rejected"] == [{"reasons": [{"code": "blank", "detail": "Nothing there."}]}]


def test_a_completed_one_has_its_ledger() -> None:
    """And no problem."""
    found = snapshot("x", entries(CREATED, BULLET, SummaryCompleted(**LEDGER.model_dump())))
    assert found["status"] == "completed"
    assert found["ledger"] == LEDGER.model_dump(mode="json")
    assert found["problem"] is None


def test_a_failed_one_has_both() -> None:
    """The problem, and the ledger of what was sent before it."""
    problem = Problem.of("upstream_error")
    found = snapshot("x", entries(CREATED, SummaryFailed(problem=problem, ledger=LEDGER)))
    assert found["status"] == "failed"
    assert found["ledger"] == LEDGER.model_dump(mode="json")
    assert found["problem"] == problem.model_dump(mode="json")
