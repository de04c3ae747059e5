"""Where traces go, by OpenTelemetry's own variables: nowhere, unless there is an endpoint."""

from streamsum.errors import SettingsError
from streamsum.settings import Settings
from streamsum.telemetry.tracing import Tracing


def tracing_of(settings: Settings) -> Tracing:
    """What `settings` ask for; OTLP over HTTP is all there is. Raises SettingsError."""
    endpoint = settings.otlp_traces_endpoint
    if endpoint is None and settings.otlp_endpoint is not None:
        endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    if endpoint is None:
        return Tracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from streamsum.telemetry.otel import OtelTracing
    except ImportError:
        raise SettingsError("traces need OpenTelemetry: pip install 'streamsum[otel]'") from None
    try:
        return OtelTracing(OTLPSpanExporter(endpoint=endpoint))
    except ValueError:  # a batch that is larger than the queue, a delay below 0
        raise SettingsError("the variables that OpenTelemetry reads itself (OTEL_BSP_…, OTEL_…) do not fit") from None
