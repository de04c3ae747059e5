"""One call of a model, seen from the core: what it was asked, how it ended, what it cost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

PassKind = Literal["first", "continue", "reask"]


class Cause(StrEnum):
    """Why a pass, or a whole summary, ended: in our words only."""

    STOP = "stop"  # the upstream finished normally
    LENGTH = "length"  # ... ran out of tokens
    FILTER = "filter"  # ... was cut by a content filter
    REFUSAL = "refusal"  # ... declined
    CUT = "cut"  # the stream ended without a word, or with one that nobody knows
    ERROR = "error"  # refused, DNS, TLS, reset, 5xx, an error in the stream
    OVERLOADED = "overloaded"  # 429 or 503
    REJECTED = "rejected"  # another 4xx
    TOO_LONG = "too_long"  # the source does not fit into the model's context
    TIMEOUT = "timeout"  # one of our clocks
    LIMIT = "limit"  # one of our caps
    CLOSED_BY_US = "closed_by_us"  # we had what we wanted
    CANCELLED = "cancelled"  # DELETE, or nobody listens
    DRAINING = "draining"  # the process is going away
    PRODUCER_LOST = "producer_lost"  # the process is gone


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the upstream counted them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a pass ended."""

    cause: Cause
    finish_reason: str | None = None
    usage: Usage | None = None
    retry_after: float | None = None  # seconds, as the upstream asked for
    max_chars: int | None = None  # with TOO_LONG: a source of this many characters would have fitted
    of_request: bool = False  # with REJECTED: it was this request, and perhaps no other
    thought_chars: int = field(default=0, compare=False)  # of reasoning, as far as it was shown


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a pass asks a model for, apart from any one wire format."""

    system: str
    user: str
    schema: dict[str, Any]  # JSON Schema of the document
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Pass:
    """The next call to make, for as many bullets as are `wanted`."""

    kind: PassKind
    wanted: int
    draw_up: Callable[[bool], Prompt]

    def prompt(self, *, quotes: bool = False) -> Prompt:
        """What to ask, `quotes` if the upstream can be trusted with them.

        The same each time, and made anew: it has the whole source in it, so nobody keeps it while a model writes.
        """
        return self.draw_up(quotes)


class PassReport(BaseModel):
    """One pass in the ledger; a figure that nobody knows is None."""

    model_config = ConfigDict(frozen=True)

    kind: PassKind
    model: str
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Timing(BaseModel):
    """Milliseconds since the summary was admitted."""

    model_config = ConfigDict(frozen=True)

    first_delta_ms: int | None = None
    first_bullet_ms: int | None = None
    total_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What the core cannot know of itself: the passes as they were called, and the clock."""

    passes: tuple[PassReport, ...] = ()
    timing: Timing = field(default_factory=Timing)
