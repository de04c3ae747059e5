"""Where a summary comes from: what is known of the request that began it, and may be said."""

from dataclasses import dataclass

from streamsum.telemetry.tracing import NO_SPAN, Span


@dataclass(frozen=True, slots=True)
class Origin:
    """One request. None of it is there for a summary that was taken over, or that no request began."""

    request_id: str | None = None
    span: Span = NO_SPAN
