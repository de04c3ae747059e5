"""core/finish.py: every line of the contract's table, and the order of the lines."""

import pytest

from streamsum.core.document import DocumentEnd, Outcome
from streamsum.core.finish import Situation, judge
from streamsum.core.passes import Cause

CLOSED = DocumentEnd(Outcome.CLOSED, has_array=True, elements=2, valid=True)
EMPTY = DocumentEnd(Outcome.CLOSED, has_array=True, elements=0, valid=True)
NO_ARRAY = DocumentEnd(Outcome.CLOSED, has_array=False, elements=0, valid=True)
UNSOUND = DocumentEnd(Outcome.CLOSED, has_array=True, elements=2, valid=False)
UNSOUND_EMPTY = DocumentEnd(Outcome.CLOSED, has_array=True, elements=0, valid=False)
BROKEN = DocumentEnd(Outcome.BROKEN, has_array=True, elements=1, valid=False)
OPEN = DocumentEnd(Outcome.OPEN, has_array=True, elements=1, valid=False)
ABSENT = DocumentEnd(Outcome.ABSENT, has_array=False, elements=0, valid=False)
LIMIT = DocumentEnd(Outcome.LIMIT, has_array=True, elements=1, valid=False)


@pytest.mark.parametrize(
    ("cause", "document", "bullets", "flags", "finish", "completed"),
    [
        # 1: before everything
        (Cause.CANCELLED, OPEN, 0, {}, "cancelled", True),
        (Cause.CANCELLED, CLOSED, 2, {"looped": True}, "cancelled", True),
        # 2
        (Cause.CLOSED_BY_US, LIMIT, 1, {}, "limit", True),
        (Cause.CLOSED_BY_US, LIMIT, 0, {}, "limit", False),
        (Cause.LIMIT, OPEN, 0, {}, "limit", False),
        (Cause.CLOSED_BY_US, OPEN, 1, {"looped": True}, "loop", True),
        (Cause.CLOSED_BY_US, LIMIT, 1, {"looped": True}, "loop", True),
        # 3: decided before what came after in the same read
        (Cause.CLOSED_BY_US, OPEN, 1, {"enough": True}, "max_bullets", True),
        (Cause.CLOSED_BY_US, LIMIT, 1, {"enough": True}, "max_bullets", True),
        (Cause.REFUSAL, BROKEN, 1, {"enough": True}, "max_bullets", True),
        # 4
        (Cause.REFUSAL, ABSENT, 0, {}, "refusal", False),
        (Cause.REFUSAL, OPEN, 1, {}, "refusal", False),
        # 5: whatever the upstream does afterwards
        (Cause.STOP, CLOSED, 2, {}, "complete", True),
        (Cause.STOP, EMPTY, 0, {}, "complete", True),
        (Cause.REFUSAL, CLOSED, 2, {}, "complete", True),
        (Cause.ERROR, CLOSED, 1, {}, "complete", True),
        (Cause.LIMIT, CLOSED, 1, {}, "complete", True),
        (Cause.LENGTH, CLOSED, 1, {}, "complete", True),
        (Cause.DRAINING, CLOSED, 1, {}, "complete", True),
        # 6
        (Cause.STOP, CLOSED, 0, {}, "output_invalid", False),
        (Cause.STOP, UNSOUND, 0, {}, "output_invalid", False),
        (Cause.STOP, NO_ARRAY, 0, {}, "output_invalid", False),
        (Cause.STOP, CLOSED, 1, {"gave": False}, "output_invalid", False),
        (Cause.STOP, ABSENT, 0, {}, "output_invalid", False),
        (Cause.CLOSED_BY_US, ABSENT, 0, {}, "output_invalid", False),
        # 7
        (Cause.STOP, UNSOUND, 1, {}, "malformed", True),
        (Cause.STOP, UNSOUND_EMPTY, 0, {}, "malformed", False),
        (Cause.CLOSED_BY_US, BROKEN, 1, {}, "malformed", True),
        (Cause.CLOSED_BY_US, BROKEN, 0, {}, "malformed", False),
        # 8
        (Cause.LENGTH, OPEN, 1, {}, "length", True),
        (Cause.LENGTH, OPEN, 0, {}, "length", False),
        (Cause.LENGTH, ABSENT, 0, {}, "length", False),
        (Cause.FILTER, OPEN, 1, {}, "content_filter", True),
        (Cause.FILTER, ABSENT, 0, {}, "content_filter", False),
        # 9
        (Cause.STOP, OPEN, 1, {}, "upstream_truncated", False),
        (Cause.CUT, OPEN, 1, {}, "upstream_truncated", False),
        (Cause.CUT, ABSENT, 0, {}, "upstream_truncated", False),
        (Cause.CLOSED_BY_US, OPEN, 1, {}, "upstream_truncated", False),
        (Cause.ERROR, OPEN, 1, {}, "upstream_error", False),
        (Cause.OVERLOADED, ABSENT, 0, {}, "upstream_error", False),
        (Cause.TIMEOUT, OPEN, 1, {}, "upstream_timeout", False),
        (Cause.REJECTED, ABSENT, 0, {}, "upstream_rejected", False),
        (Cause.TOO_LONG, ABSENT, 0, {}, "upstream_rejected", False),
        (Cause.PRODUCER_LOST, OPEN, 1, {}, "producer_lost", False),
        (Cause.DRAINING, OPEN, 1, {}, "draining", False),
    ],
)
def test_the_first_line_that_matches(
    cause: Cause, document: DocumentEnd, bullets: int, flags: dict[str, bool], finish: str, completed: bool
) -> None:
    """Each situation ends as its line says, and only `complete` and `max_bullets` are not truncated."""
    situation = Situation(
        cause=cause,
        document=document,
        bullets=bullets,
        gave=flags.get("gave", bullets > 0),
        enough=flags.get("enough", False),
        looped=flags.get("looped", False),
    )
    verdict = judge(situation)
    assert (verdict.finish, verdict.completed) == (finish, completed)
    assert verdict.truncated is (finish not in {"complete", "max_bullets"})


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("document", [CLOSED, EMPTY, NO_ARRAY, UNSOUND, BROKEN, OPEN, ABSENT, LIMIT])
def test_every_situation_has_a_line(cause: Cause, document: DocumentEnd) -> None:
    """No cause and no document is left without an ending."""
    assert judge(Situation(cause=cause, document=document, bullets=0, gave=False, enough=False, looped=False)).finish
