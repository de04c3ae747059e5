"""Everything that one app records: owned by it, and handed down by argument."""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from streamsum.telemetry.closing_line import ClosingLine
from streamsum.telemetry.logs import logger
from streamsum.telemetry.observing import Observer, Observers
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.summary_spans import SummarySpans
from streamsum.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from streamsum.telemetry.metrics import Metrics


class Telemetry:
    """The log is always there; figures and traces for who wants them. Times in `loop.time()` seconds."""

    def __init__(self, *, metrics: "Metrics | None" = None, tracing: Tracing | None = None) -> None:
        self.metrics = metrics
        self.tracing = tracing or Tracing()

    def observe(
        self, id: str, *, key: str, admitted: float, origin: Origin | None = None, taken_over: bool = False
    ) -> Observer:
        """Who is told of this summary's life; `key` is the name of an API key, "" without.

        `taken_over`: another process has begun it.
        """
        origin = origin or Origin()
        spans = SummarySpans(self.tracing, id, origin=origin)
        line = ClosingLine(id, key=key, origin=origin, taken_over=taken_over)
        if self.metrics is None:
            return Observers(spans, line)
        from streamsum.telemetry.summary_metrics import SummaryMetrics

        return Observers(SummaryMetrics(self.metrics, id, admitted=admitted, is_new=not taken_over), spans, line)

    def watch(
        self, *, running: Callable[[], int], resting: Callable[[], Collection[str]], upstreams: Iterable[str]
    ) -> None:
        """What is to be asked when somebody looks; see `Metrics.watch`."""
        if self.metrics is not None:
            self.metrics.watch(running=running, resting=resting, upstreams=upstreams)

    def note_rest(self, upstream: str) -> None:
        """It has failed again and again, and is not asked for a while."""
        logger.warning("upstream failed again and again: it rests", upstream=upstream)
        if self.metrics is not None:
            self.metrics.rests.labels(upstream).inc()

    def note_problem(self, code: str) -> None:
        """Somebody is answered with this problem; limits that were hit are among them."""
        if self.metrics is not None:
            self.metrics.problems.labels(code).inc()

    def listening(self) -> AbstractContextManager[None]:
        """Around a connection that follows a summary."""
        return nullcontext() if self.metrics is None else self.metrics.listening()

    def note_sent(self, id: str, n: int, *, now: float, since: float) -> None:
        """Event `n` of this summary, a bullet, is handed to a connection that has listened `since` then."""
        if self.metrics is not None:
            self.metrics.emission.end(id, n, now=now, since=since)
