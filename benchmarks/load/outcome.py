"""What became of one request: one line of `requests.jsonl`."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

# Not the service's doing: they are told apart from errors, and no figure counts them.
INTERRUPTED = "interrupted"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """All times but `scheduled_at` (CLOCK_MONOTONIC) are seconds since the request was scheduled; `None`: never came.

    `tag`: what the fake upstream's journal knows it by. `waited`: until it was really sent. `elements`: which of the
    model's elements each bullet was. `lags`: of each bullet, its arrival less its closing character's at the upstream.
    `error`: a problem's code, or one of ours.
    """

    number: int
    tag: str
    text: str
    scheduled_at: float
    measured: bool
    waited: float | None = None
    status: int | None = None
    headers: float | None = None
    first_event: float | None = None
    bullets: list[float] = field(default_factory=list)
    elements: list[int] = field(default_factory=list)
    rejected: int = 0
    total: float | None = None
    bytes: int = 0
    finish: str | None = None
    ended: bool = False
    error: str | None = INTERRUPTED  # until it is over
    lags: list[float] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Was it answered, wholly and rightly?"""
        return self.error is None

    @property
    def ended_at(self) -> float:
        """When it was over, on the clock of `scheduled_at`."""
        return self.scheduled_at + (self.total or 0.0)

    @property
    def first_bullet(self) -> float | None:
        """Until the first bullet."""
        return self.bullets[0] if self.bullets else None

    @property
    def gaps(self) -> list[float]:
        """From each bullet to the next."""
        return [later - earlier for earlier, later in pairwise(self.bullets)]

    def times(self, measure: str) -> list[float]:
        """Its contribution to one of `MEASURES`: none, one or several times."""
        match measure:
            case "gap":
                return self.gaps
            case "lag":
                return self.lags
            case _:
                value: float | None = getattr(self, measure)
                return [] if value is None else [value]

    def line(self, *, level: str, began: float) -> dict[str, Any]:
        """As a line of the results; `began` is the level's start, on the clock of `scheduled_at`."""
        return {
            "level": level,
            "number": self.number,
            "text": self.text,
            "measured": self.measured,
            "scheduled_s": _rounded(self.scheduled_at - began),
            "waited_s": _rounded(self.waited),
            "status": self.status,
            "error": self.error,
            "finish": self.finish,
            "headers_s": _rounded(self.headers),
            "first_event_s": _rounded(self.first_event),
            "bullets_s": [_rounded(each) for each in self.bullets],
            "lags_s": [_rounded(each) for each in self.lags],
            "total_s": _rounded(self.total),
            "rejected": self.rejected,
            "bytes": self.bytes,
        }


def _rounded(seconds: float | None) -> float | None:
    """To the microsecond: no clock here knows more."""
    return None if seconds is None else round(seconds, 6)
