"""What one summary adds to the figures."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from streamsum.core.checks import CODES
from streamsum.core.events import Bullet, BulletRejected, Event, Terminal, ledger_of
from streamsum.core.passes import Cause, End, PassKind, Usage
from streamsum.telemetry.metrics import OWN_CODE, Metrics
from streamsum.telemetry.observing import Observer


class SummaryMetrics(Observer):
    """Of one summary. A turn of the loop has one time: what it brings came together."""

    def __init__(self, metrics: Metrics, id: str, *, admitted: float, is_new: bool = True) -> None:
        """`admitted` is in `loop.time()` seconds; what is not new has had its firsts elsewhere."""
        self._metrics = metrics
        self._id = id
        self._admitted = admitted
        self._is_new = is_new
        self._last_bullet: float | None = None
        self._call: tuple[PassKind, str, str] = ("first", "", "")  # the one of now: its kind, upstream and model

    @override
    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        self._call = kind, upstream, model

    @override
    def note_content(self, *, first: bool) -> None:
        if first and self._is_new:
            self._metrics.first_delta.observe(_now() - self._admitted)

    @override
    def note_offered(self, events: Sequence[Event], *, first: int) -> None:
        for n, event in enumerate(events, first):
            if isinstance(event, Bullet):
                self._metrics.emission.begin(self._id, n, now=_now())

    @override
    def note_stored(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Bullet):
                self._note_bullet()
            elif isinstance(event, BulletRejected):
                self._note_rejection(event)

    @override
    def note_call_end(self, end: End, *, health: Cause) -> None:
        _, upstream, model = self._call
        self._metrics.calls.labels(upstream, health).inc()
        usage = end.usage or Usage()
        self._metrics.tokens.labels(model, "prompt").inc(usage.prompt_tokens or 0)
        self._metrics.tokens.labels(model, "completion").inc(usage.completion_tokens or 0)

    @override
    def note_end(self, last: Terminal) -> None:
        ledger = ledger_of(last)
        self._metrics.summaries.labels(ledger.finish).inc()
        self._metrics.total.observe(_now() - self._admitted)

    def _note_bullet(self) -> None:
        now = _now()
        if self._last_bullet is not None:
            self._metrics.gap.observe(now - self._last_bullet)
        elif self._is_new:
            self._metrics.first_bullet.observe(now - self._admitted)
        self._last_bullet = now
        self._metrics.bullets.labels("repaired" if self._call[0] == "reask" else "passed").inc()

    def _note_rejection(self, event: BulletRejected) -> None:
        self._metrics.bullets.labels("rejected").inc()
        for reason in event.reasons:
            self._metrics.rejections.labels(reason.code if reason.code in CODES else OWN_CODE).inc()


def _now() -> float:
    return asyncio.get_running_loop().time()
