"""What a client is told, as frozen data: the events of the contract."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from streamsum.core.passes import PassReport, Timing
from streamsum.errors import Problem

Finish = Literal[
    "complete",
    "max_bullets",
    "cancelled",
    "limit",
    "loop",
    "refusal",
    "output_invalid",
    "malformed",
    "length",
    "content_filter",
    "upstream_truncated",
    "upstream_error",
    "upstream_timeout",
    "upstream_rejected",
    "producer_lost",
    "draining",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Span(_Frozen):
    """A place in the source: `text[start:end]`, in Unicode code points of the text as sent."""

    start: int
    end: int
    match: Literal["verbatim", "close", "attributed"]
    score: float | None = None


class Reason(_Frozen):
    """Why an element was withheld; `detail` is from our own table."""

    code: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    detail: str


class Ledger(_Frozen):
    """The closing account of a summary. A figure that nobody knows is None, never a guess."""

    finish: Finish
    truncated: bool
    bullets: int
    rejected: int
    duplicates: int
    repaired: int
    passes: tuple[PassReport, ...]
    timing: Timing
    digest: str  # SHA-256 (hex) over the bullets' texts in UTF-8, each followed by a line feed


class SummaryCreated(_Frozen):
    """The first event of every summary."""

    type: Literal["summary.created"] = "summary.created"
    id: str
    model: str
    max_bullets: int
    created_at: str  # RFC 3339, UTC


class Bullet(_Frozen):
    """An element that passed every check; `index` counts bullets without gaps."""

    type: Literal["bullet"] = "bullet"
    index: int
    text: str
    evidence: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()
    item: Annotated[dict[str, Any] | None, Field(exclude_if=lambda value: value is None)] = None


class BulletRejected(_Frozen):
    """An element that failed a check; none of its text."""

    type: Literal["bullet.rejected"] = "bullet.rejected"
    reasons: tuple[Reason, ...]


class SummaryCompleted(Ledger):
    """The last event of a summary that ended well enough."""

    type: Literal["summary.completed"] = "summary.completed"


class SummaryFailed(_Frozen):
    """The last event of a summary that did not; the bullets already sent stay valid."""

    type: Literal["summary.failed"] = "summary.failed"
    problem: Problem
    ledger: Ledger


class BulletDelta(_Frozen):
    """The open bullet so far: never stored, never replayed, proves nothing."""

    type: Literal["bullet.delta"] = "bullet.delta"
    index: int
    text: str


Terminal = SummaryCompleted | SummaryFailed


def ledger_of(last: Terminal) -> Ledger:
    """The account that closes a summary, however it ended."""
    return last if isinstance(last, SummaryCompleted) else last.ledger


Event = SummaryCreated | Bullet | BulletRejected | BulletDelta | SummaryCompleted | SummaryFailed
ANY_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
KNOWN_EVENTS: frozenset[str] = frozenset(each.model_fields["type"].default for each in get_args(Event))
