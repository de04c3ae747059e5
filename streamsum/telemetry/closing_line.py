"""One line a summary, when it is over: its ledger, and whose it was."""

from typing_extensions import override

from streamsum.core.events import SummaryCompleted, SummaryFailed, Terminal, ledger_of
from streamsum.core.passes import Cause, End, PassKind, Usage
from streamsum.telemetry.fields import Fields, PassFields
from streamsum.telemetry.logs import logger
from streamsum.telemetry.observing import Observer
from streamsum.telemetry.origin import Origin


class ClosingLine(Observer):
    """That of one summary. Who has no end has none: another process will write it, or nobody."""

    def __init__(self, id: str, *, key: str, origin: Origin, taken_over: bool = False) -> None:
        """`key` is the name of an API key, "" without; `taken_over`: the calls of now are not all there were."""
        self._whose: Fields = {"summary": id}
        if taken_over:
            self._whose["taken_over"] = True
        if origin.request_id is not None:
            self._whose["request_id"] = origin.request_id
        if key:
            self._whose["key"] = key
        if origin.span.trace_id is not None:
            self._whose["trace_id"] = origin.span.trace_id
        self._passes: list[PassFields] = []

    @override
    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        self._passes.append({"kind": kind, "upstream": upstream, "model": model})

    @override
    def note_call_end(self, end: End, *, health: Cause) -> None:
        """How it ended, in our words: the provider's own word for it, `finish_reason`, may be any."""
        usage = end.usage or Usage()
        called = self._passes[-1]
        called["cause"] = end.cause
        called["prompt_tokens"] = usage.prompt_tokens
        called["completion_tokens"] = usage.completion_tokens

    @override
    def note_end(self, last: Terminal) -> None:
        fields: Fields = {**self._whose, **_ledger(last), "passes": self._passes}
        if self._passes:
            fields["upstream"] = self._passes[-1]["upstream"]
        logger.info("summary ended", **fields)


def _ledger(last: Terminal) -> Fields:
    ledger = ledger_of(last)
    fields: Fields = {
        "outcome": "completed" if isinstance(last, SummaryCompleted) else "failed",
        "finish": ledger.finish,
        "truncated": ledger.truncated,
        "bullets": ledger.bullets,
        "rejected": ledger.rejected,
        "duplicates": ledger.duplicates,
        "repaired": ledger.repaired,
        "first_delta_ms": ledger.timing.first_delta_ms,
        "first_bullet_ms": ledger.timing.first_bullet_ms,
        "total_ms": ledger.timing.total_ms,
    }
    if isinstance(last, SummaryFailed):
        fields["code"] = last.problem.code
    return fields
