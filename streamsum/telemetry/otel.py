"""Traces by OpenTelemetry. Imported only where there is an exporter: the extra `otel`."""

import asyncio
import threading
from contextlib import suppress

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from streamsum import __version__
from streamsum.telemetry import attributes as names
from streamsum.telemetry.tracing import Attributes, Span, SpanKind, Tracing

_KINDS = {"server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT, "internal": trace.SpanKind.INTERNAL}
_W3C = TraceContextTextMapPropagator()

# For what has not been sent when the process goes: a collector that is there takes it at once.
FLUSH_S = 3.0


class OtelTracing(Tracing):
    """Spans to an exporter, in batches, on a thread of the SDK's."""

    def __init__(self, exporter: SpanExporter, *, flush_s: float = FLUSH_S) -> None:
        """`exporter` is closed with this. The SDK reads its own variables: sampler, batches, resource."""
        self._exporter = exporter
        self._flush_s = flush_s
        ours = Resource({"service.name": "streamsum", "service.version": __version__})
        resource = ours.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("streamsum", __version__)

    @override
    def begin(self, name: str, *, kind: SpanKind, within: Span | None = None, traceparent: str | None = None) -> Span:
        """`tracestate` and `baggage` are not gone on with: they hold what a caller likes."""
        context = Context()
        if isinstance(within, OtelSpan):
            context = trace.set_span_in_context(within.span, context)
        elif traceparent is not None:
            context = _W3C.extract({"traceparent": traceparent}, context)
        return OtelSpan(self._tracer.start_span(name, context, _KINDS[kind]))

    @override
    async def aclose(self) -> None:
        """The SDK waits 30 s for a collector that is not there, and the exporter tries again and again."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()

        def send_the_rest() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(over.set)

        # No thread of the loop's: those are waited for, whatever they do.
        threading.Thread(target=send_the_rest, daemon=True, name="last spans").start()
        try:
            async with asyncio.timeout(self._flush_s):
                await over.wait()
        except TimeoutError:
            self._exporter.shutdown()


class OtelSpan(Span):
    """A span of the SDK's; what it may say is decided here."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span
        context = span.get_span_context()
        self.trace_id = trace.format_trace_id(context.trace_id) if context.is_valid else None

    @override
    def note(self, attributes: Attributes) -> None:
        known = {name: value for name, value in attributes.items() if value is not None and name in names.KNOWN}
        self.span.set_attributes(known)

    @override
    def rename(self, name: str) -> None:
        self.span.update_name(name)

    @override
    def end(self, *, error: str | None = None) -> None:
        if error is not None:
            self.span.set_attribute(names.ERROR, error)
            self.span.set_status(trace.StatusCode.ERROR)
        self.span.end()
