"""Traces, through the real SDK into an exporter in memory; and over real HTTP to a collector."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, url_attributes
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.fake_upstream import Content, Done, FakeUpstream, Finish, Reset, Role, Usage
from streamsum.errors import SettingsError
from streamsum.settings import Settings
from streamsum.telemetry import attributes as names
from streamsum.telemetry.exporting import tracing_of
from streamsum.telemetry.otel import OtelTracing
from streamsum.upstream.given import Given
from tests.scripted import ScriptedUpstream
from tests.servers import Served, environment_for, events_of, served, serving, settings_for

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CANARY = "xyzzy-canary"
DOCUMENT = '{"bullets": ["The first.", "The second."]}'


@dataclass
class Traced:
    """A service, and the spans that it has sent when it is gone."""

    it: Served
    spans: list[ReadableSpan] = field(default_factory=list)

    def named(self, name: str) -> ReadableSpan:
        (span,) = (span for span in self.spans if span.name == name)
        return span


@asynccontextmanager
async def traced(upstream: Given | None, settings: Settings | None = None) -> AsyncIterator[Traced]:
    exporter = InMemorySpanExporter()
    tracing = OtelTracing(exporter)
    async with served(upstream, settings=settings, tracing=tracing) as it:
        yield (seen := Traced(it))
    await tracing.aclose()
    seen.spans += exporter.get_finished_spans()


def without_times(span: ReadableSpan) -> dict[str, object]:
    return {name: value for name, value in (span.attributes or {}).items() if name != names.FIRST_CHUNK}


async def test_request_summary_and_call_are_one_trace() -> None:
    """The caller's, if he has one; each within the one that brought it about."""
    async with FakeUpstream((Role(), Content(DOCUMENT), Finish("stop"), Usage(7, 3), Done())) as model:
        async with traced(None, settings_for(model)) as seen:
            response = await seen.it.client.post(
                "/v1/summaries", json={"text": "a"}, headers={"traceparent": CALLER, "X-Request-ID": "request-1"}
            )
            events_of(response)
        assert "traceparent" not in (await model.next_call()).headers
    request = seen.named("POST /v1/summaries")
    summary = seen.named("invoke_workflow summarize")
    call = seen.named("chat gpt-4o-mini")
    assert [span.kind for span in (request, summary, call)] == [SpanKind.SERVER, SpanKind.INTERNAL, SpanKind.CLIENT]
    assert request.parent
    assert f"{request.parent.trace_id:032x}-{request.parent.span_id:016x}" == CALLER[3:52]
    for outer, inner in [(request, summary), (summary, call)]:
        assert inner.parent
        assert inner.parent.span_id == outer.get_span_context().span_id  # type: ignore[union-attr]
    assert without_times(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/summaries",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "streamsum.request_id": "request-1",
    }
    assert without_times(summary) == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "summarize",
        "streamsum.summary.id": response.headers["location"].rpartition("/")[2],
        "streamsum.finish": "complete",
        "streamsum.bullets": 2,
        "streamsum.rejected": 0,
        "streamsum.passes": 1,
    }
    assert without_times(call) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.stream": True,
        "gen_ai.output.type": "json",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "streamsum.pass.kind": "first",
        "streamsum.upstream": "openai",
    }
    assert 0 < call.attributes[names.FIRST_CHUNK] < 15  # type: ignore[index, operator]


def test_the_names_are_the_conventions() -> None:
    """As the installed package has them: those for generative AI have moved out, and it keeps them as they were."""
    known = {
        value
        for module in (gen_ai_attributes, error_attributes, http_attributes, url_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    assert {name for name in names.KNOWN if not name.startswith("streamsum.")} <= known


async def test_a_failed_call_says_what_kind_of_error_it_was() -> None:
    """In our words, on itself and on the summary that failed by it; nothing of an exception."""
    script = (Role(), Content('{"bullets": ["The first.", '), Reset())
    async with FakeUpstream(script) as model, traced(None, settings_for(model)) as seen:
        events_of(await seen.it.client.get("/stream?q=a"))
    call, summary = seen.named("chat gpt-4o-mini"), seen.named("invoke_workflow summarize")
    assert call.attributes is not None
    assert summary.attributes is not None
    assert (call.attributes["error.type"], summary.attributes["error.type"]) == ("cut", "upstream_truncated")
    for span in (call, summary):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
    assert not [event for span in seen.spans for event in span.events]


async def test_what_breaks_off_has_an_end_all_the_same() -> None:
    """A call that a bug ended; nothing of what the bug said."""
    async with traced(ScriptedUpstream(script=[ZeroDivisionError(CANARY)])) as seen:
        await seen.it.client.post("/v1/summaries", json={"text": "a"})
    call, summary = seen.named("chat parrot"), seen.named("invoke_workflow summarize")
    assert (call.attributes or {})["error.type"] == "bug"
    assert (summary.attributes or {})["error.type"] == "upstream_error"
    assert CANARY not in "".join(span.to_json() for span in seen.spans)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/v1/summaries/{'x' * 22}", "GET /v1/summaries/{id}"),
        (f"/{CANARY}", "GET"),
        (f"/stream?q={CANARY}", "GET /stream"),
    ],
)
async def test_a_request_is_told_by_its_route(path: str, name: str) -> None:
    """Not by its path, nor by its query; health is looked at too often to be told."""
    async with traced(ScriptedUpstream(script=[DOCUMENT])) as seen:
        await seen.it.client.get(path)
        for probe in ("/healthz", "/readyz", "/metrics"):
            await seen.it.client.get(probe)
    requests = [span for span in seen.spans if span.kind is SpanKind.SERVER]
    assert [span.name for span in requests] == [name]
    assert CANARY not in "".join(span.to_json() for span in seen.spans)


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": CALLER, "tracestate": f"vendor={CANARY}", "baggage": f"user={CANARY}"},
        {"traceparent": CANARY},
        {"traceparent": f"00-{'0' * 32}-{'0' * 16}-01"},
    ],
)
async def test_nothing_of_a_callers_headers_is_gone_on_with(headers: dict[str, str]) -> None:
    """But a `traceparent` that is one."""
    async with traced(ScriptedUpstream(script=[DOCUMENT])) as seen:
        events_of(await seen.it.client.get("/stream?q=a", headers=headers))
    request = seen.named("GET /stream")
    assert bool(request.parent) is (headers["traceparent"] == CALLER)
    assert CANARY not in "".join(span.to_json() for span in seen.spans)


async def test_a_summary_that_outlives_its_request_is_in_its_trace() -> None:
    """It ends when it ends; one that is stopped with the process has an end, too."""
    async with traced(ScriptedUpstream(script=[DOCUMENT[:30], None])) as seen:
        response = await seen.it.client.post("/v1/summaries", json={"text": "a"}, headers={"Prefer": "respond-async"})
        assert response.status_code == 202
    request, summary = seen.named("POST /v1/summaries"), seen.named("invoke_workflow summarize")
    assert summary.parent
    assert summary.parent.span_id == request.get_span_context().span_id  # type: ignore[union-attr]
    assert (request.end_time or 0) < (summary.end_time or 0)
    assert (summary.attributes or {})["streamsum.finish"] == "draining"


async def test_only_what_is_known_is_told() -> None:
    """An attribute that is not on the list stays here; so does what nobody knows."""
    exporter = InMemorySpanExporter()
    tracing = OtelTracing(exporter)
    span = tracing.begin("it", kind="internal")
    span.note({"gen_ai.input.messages": CANARY, names.MODEL: "m", names.INPUT_TOKENS: None})
    span.end()
    await tracing.aclose()
    (told,) = exporter.get_finished_spans()
    assert dict(told.attributes or {}) == {names.MODEL: "m"}


# The exporter.


@dataclass
class Collector:
    """Takes what it is sent."""

    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        self.bodies.append(await request.body())
        return Response(media_type="application/x-protobuf")


@pytest.mark.parametrize(
    ("variable", "path", "told"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "", "/v1/traces"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "/otlp/", "/otlp/v1/traces"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/here", "/here"),
    ],
)
async def test_spans_go_where_the_usual_variables_say(variable: str, path: str, told: str) -> None:
    """All of them, when the service goes at the latest; and nothing of the text."""
    collector = Collector()
    app = Starlette(routes=[Route("/{_:path}", collector.take, methods=["POST"])])
    async with FakeUpstream((Role(), Content(DOCUMENT), Finish("stop"), Done())) as model, serving(app) as port:
        endpoint = {variable: f"http://127.0.0.1:{port}{path}"}
        async with served(None, settings=Settings.read(environment_for(model) | endpoint)) as it:
            events_of(await it.client.get(f"/stream?q={CANARY}"))
    sent = b"".join(collector.bodies)
    assert set(collector.paths) == {told}
    for name in (b"GET /stream", b"invoke_workflow summarize", b"chat gpt-4o-mini", b"streamsum"):
        assert name in sent
    for never in (CANARY.encode(), b"The first"):
        assert never not in sent


async def test_a_collector_that_is_not_there_holds_nothing_up(sober_logging: None) -> None:
    """The end least of all."""
    exporter = OTLPSpanExporter(endpoint="http://127.0.0.1:1/v1/traces")
    tracing = OtelTracing(exporter, flush_s=0.1)
    tracing.begin("it", kind="internal").end()
    async with asyncio.timeout(3):
        await tracing.aclose()


def test_an_endpoint_is_a_url() -> None:
    """Told before anything starts."""
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT must be the URL"):
        Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99999"), ("OTEL_BSP_SCHEDULE_DELAY", "-1")]
)
def test_variables_of_the_sdk_that_do_not_fit_are_a_setting(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is wrong, and no bug of ours."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=r"OTEL_"):
        tracing_of(Settings(otlp_endpoint="http://127.0.0.1:1"))


def run(program: str) -> str:
    arguments = [sys.executable, "-c", program]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=True).stdout


def test_without_an_exporter_nothing_is_imported() -> None:
    """It is an extra."""
    program = """
import asyncio, sys
from streamsum import create_app, lifespan, Settings
async def main():
    async with lifespan(create_app(Settings(base_url="http://127.0.0.1:1", upstream="openai"))):
        print([name for name in sys.modules if name.startswith(("opentelemetry", "google", "requests"))])
asyncio.run(main())
"""
    assert run(program) == "[]\n"


def test_an_exporter_without_the_library_is_told() -> None:
    """With the command that helps."""
    program = """
import sys
sys.modules["opentelemetry"] = None
from streamsum.errors import SettingsError
from streamsum.settings import Settings
from streamsum.telemetry.exporting import tracing_of
try:
    tracing_of(Settings(otlp_endpoint="http://127.0.0.1:1"))
except SettingsError as error:
    print(error)
"""
    assert re.search(r"pip install 'streamsum\[otel\]'", run(program))
