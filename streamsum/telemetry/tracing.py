"""The seam to traces. The classes here trace nothing: what there is while nobody has set an exporter."""

from collections.abc import Mapping
from typing import Literal

SpanKind = Literal["server", "client", "internal"]
Attributes = Mapping[str, str | bool | int | float | tuple[str, ...] | None]


class Span:
    """One stretch of time; this one leaves no trace."""

    trace_id: str | None = None  # 32 hex digits

    def note(self, attributes: Attributes) -> None:
        """Add what is known now, by the names of `attributes.py`; None is not known."""

    def rename(self, name: str) -> None:
        """What it is called was not known when it began."""

    def end(self, *, error: str | None = None) -> None:
        """It is over; `error`: the kind of error that ended it, in our words."""


class Tracing:
    """Where spans go; from here, nowhere."""

    def begin(self, name: str, *, kind: SpanKind, within: Span | None = None, traceparent: str | None = None) -> Span:
        """A span that begins now: within another, or going on with a caller's `traceparent`, or on its own."""
        return NO_SPAN

    async def aclose(self) -> None:
        """Send what has not been sent yet, and let go."""


NO_SPAN = Span()
