"""STREAMSUM_TRUSTED_PROXIES: whose word for where a request came from is taken."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Scope

from streamsum.settings import Settings
from streamsum.telemetry.otel import OtelTracing
from streamsum.web.app import create_app, lifespan
from tests.asgi import Wire, scope_of
from tests.scripted import ScriptedUpstream

FORWARDED = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}


async def seen(peer: str, *proxies: str, **headers: str) -> Scope:
    """The request as the app sees it, behind all doors."""
    app = create_app(Settings(trusted_proxies=proxies), upstream=ScriptedUpstream())
    scope = {**scope_of("/healthz", headers=headers or FORWARDED), "client": (peer, 1234), "scheme": "http"}
    wire = Wire()
    async with lifespan(app):
        await wire.run(app, scope)
    assert wire.status == 200
    return scope


@pytest.mark.parametrize("proxy", ["10.1.2.3", "10.0.0.0/8"])
async def test_a_proxy_of_ours_is_believed(proxy: str) -> None:
    """The address that it saw itself: what its client claims to have come from is not its word."""
    scope = await seen("10.1.2.3", proxy)
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.7", "https")


async def test_proxies_in_a_row_are_all_asked() -> None:
    """Up to the first that is not ours."""
    scope = await seen("10.1.2.3", "10.0.0.0/8", "198.51.100.7")
    assert scope["client"][0] == "203.0.113.9"


@pytest.mark.parametrize("proxies", [(), ("10.9.9.9",), ("192.0.2.0/24",)])
async def test_nobody_else_is(proxies: tuple[str, ...]) -> None:
    """By default nobody at all."""
    scope = await seen("10.1.2.3", *proxies)
    assert (scope["client"][0], scope["scheme"]) == ("10.1.2.3", "http")


async def test_a_name_is_never_taken_from_a_proxy() -> None:
    """`Host` is what counts, and must be ours."""
    app = create_app(Settings(trusted_proxies=("10.1.2.3",)), upstream=ScriptedUpstream())
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost", **FORWARDED}
    wire = Wire()
    async with lifespan(app):
        await wire.run(app, {**scope_of("/healthz", headers=headers), "client": ("10.1.2.3", 1), "scheme": "http"})
    assert wire.status == 403


async def test_of_what_a_proxy_says_the_scheme_is_recorded_and_no_address() -> None:
    """That is all that the setting does: limits go by key, and references are relative."""
    exporter = InMemorySpanExporter()
    tracing = OtelTracing(exporter)
    app = create_app(Settings(trusted_proxies=("10.1.2.3",)), upstream=ScriptedUpstream(), tracing=tracing)
    wire = Wire()
    async with lifespan(app):
        scope = scope_of("/v1/models", headers=FORWARDED)
        await wire.run(app, {**scope, "client": ("10.1.2.3", 1234), "scheme": "http"})
    await tracing.aclose()  # what waits to be sent is
    assert wire.status == 200
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["url.scheme"] == "https"
    assert not [each for each in ("203.0.113.9", "198.51.100.7", "10.1.2.3") if each in span.to_json()]
