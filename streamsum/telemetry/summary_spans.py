"""One summary as spans: itself, and within it each call of a model."""

import asyncio

from typing_extensions import override

from streamsum.core.events import SummaryCompleted, Terminal, ledger_of
from streamsum.core.passes import Cause, End, PassKind, Usage
from streamsum.telemetry import attributes as names
from streamsum.telemetry.observing import Observer
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.tracing import NO_SPAN, Tracing

# What the conventions call the ways of ending well; the provider's own word may be any.
_FINISH_REASONS = {Cause.STOP: "stop", Cause.LENGTH: "length", Cause.FILTER: "content_filter"}
_FAILED = {Cause.CUT, Cause.ERROR, Cause.OVERLOADED, Cause.REJECTED, Cause.TIMEOUT, Cause.TOO_LONG}


class SummarySpans(Observer):
    """Of one summary. It is within its request's span, and may outlive it."""

    def __init__(self, tracing: Tracing, id: str, *, origin: Origin) -> None:
        self._tracing = tracing
        self._span = tracing.begin("invoke_workflow summarize", kind="internal", within=origin.span)
        self._span.note({names.OPERATION: "invoke_workflow", names.WORKFLOW: "summarize", names.SUMMARY: id})
        self._call = NO_SPAN
        self._called = 0.0

    @override
    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        """The provider is the one whose wire is spoken: who stands behind it is not ours to guess."""
        self._called = _now()
        self._call = self._tracing.begin(f"chat {model}", kind="client", within=self._span)
        self._call.note(
            {
                names.OPERATION: "chat",
                names.PROVIDER: "openai",
                names.MODEL: model,
                names.STREAM: True,
                names.OUTPUT_TYPE: "json",
                names.KIND: kind,
                names.UPSTREAM: upstream,
            }
        )

    @override
    def note_content(self, *, first: bool) -> None:
        self._call.note({names.FIRST_CHUNK: _now() - self._called})

    @override
    def note_call_end(self, end: End, *, health: Cause) -> None:
        usage = end.usage or Usage()
        reason = _FINISH_REASONS.get(end.cause)
        self._call.note(
            {
                names.FINISH_REASONS: None if reason is None else (reason,),
                names.INPUT_TOKENS: usage.prompt_tokens,
                names.OUTPUT_TOKENS: usage.completion_tokens,
            }
        )
        self._call.end(error=health if health in _FAILED else None)
        self._call = NO_SPAN

    @override
    def note_end(self, last: Terminal) -> None:
        completed = isinstance(last, SummaryCompleted)
        ledger = ledger_of(last)
        self._span.note(
            {
                names.FINISH: ledger.finish,
                names.BULLETS: ledger.bullets,
                names.REJECTED: ledger.rejected,
                names.PASSES: len(ledger.passes),
            }
        )
        self._span.end(error=None if completed else ledger.finish)
        self._span = NO_SPAN

    @override
    def note_handed_over(self) -> None:
        self._span.note({names.FINISH: "handed_over"})
        self._span.end(error=None)
        self._span = NO_SPAN

    @override
    def close(self) -> None:
        """A call without an end was a bug; a summary without one has lost its log."""
        self._call.end(error="bug")
        self._span.end(error="no_end")


def _now() -> float:
    return asyncio.get_running_loop().time()
