"""What the routes answer that answer JSON, as types: for who reads it, and for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from streamsum.core.events import Ledger, Reason, Span
from streamsum.errors import Problem


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class BulletReply(_Frozen):
    """A bullet, as its event has it."""

    index: int
    text: str
    evidence: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()
    item: Annotated[dict[str, Any] | None, Field(exclude_if=lambda value: value is None)] = None


class RejectionReply(_Frozen):
    """An element that was withheld, as its event has it: none of its text."""

    reasons: tuple[Reason, ...]


class SummaryReply(_Frozen):
    """A summary as it stands; `ledger` and `problem` are None until they are known."""

    id: str
    status: Literal["running", "completed", "failed"]
    bullets: tuple[BulletReply, ...]
    rejected: tuple[RejectionReply, ...]
    ledger: Ledger | None
    problem: Problem | None


class AcceptedReply(_Frozen):
    """A summary that runs without its caller; `events_url` carries a ticket for its events."""

    id: str
    events_url: str


class ModelReply(_Frozen):
    """One model that a request may name; what nobody knows is None."""

    id: str
    default: bool
    context_tokens: int | None
    max_chars: int | None  # as long as a text usually may be, with the default request


class ModelsReply(_Frozen):
    """The models that a request may name, the default first."""

    models: tuple[ModelReply, ...]


class StatusReply(_Frozen):
    """Alive, or ready for a new summary."""

    status: Literal["alive", "ready"]
