"""runs/history.py: what one summary's events take, at most. All else of it is proved by the tests of the log."""

from streamsum.core.document import Limits
from streamsum.core.events import Bullet, BulletRejected, Reason, Span
from streamsum.core.models import SummaryRequest
from streamsum.core.sse import encode
from streamsum.runs.history import ENTRY_BYTES

MOST_BYTES = 512 * 1024
PASSES = 3  # the first, one that goes on for it, and one that asks again
# What evidence can say of one element, in as many words as the longest of ours has; most have one reason.
REASONS = tuple(Reason(code="unsupported_number", detail="x" * 90) for _ in range(2))


def most(field: str) -> int:
    (limit,) = [each.le for each in SummaryRequest.model_fields[field].metadata if hasattr(each, "le")]
    return int(limit)


def test_a_summarys_events_are_bounded() -> None:
    """As many bullets as may pass, as long as they may be, of characters of four bytes; all other elements rejected.

    With our own item model: a user's may have more in it, which the limits of a document bound.
    """
    span = Span(start=10**6, end=10**6, match="attributed", score=0.99)
    text = "\U0001f600" * most("max_bullet_chars")
    bullet = encode(Bullet(index=49, text=text, evidence=(span, span), warnings=("unsupported_number",)))
    rejected = encode(BulletRejected(reasons=REASONS))
    bullets = most("max_bullets")
    elements = PASSES * Limits().elements
    size = bullets * len(bullet) + (elements - bullets) * len(rejected) + elements * ENTRY_BYTES
    assert MOST_BYTES / 2 < size < MOST_BYTES
