"""`/metrics`, over real HTTP: where it is, where it is not, and that it counts what happens."""

import asyncio
import json
import signal
import socket
from contextlib import ExitStack

import pytest
from typing_extensions import override

from benchmarks.fake_upstream import Content, FakeUpstream, Reset, Role, Status, answer, bullets
from streamsum.errors import SettingsError
from streamsum.listening import PortTaken, bind_metrics
from streamsum.serve import serve
from streamsum.settings import Settings
from streamsum.telemetry.metrics import Metrics
from streamsum.web.app import create_app, lifespan
from streamsum.web.figures import figures_app
from tests.asgi import Wire, scope_of
from tests.keys import ALICE, BOB, bearer, keyed
from tests.scrape import Scrape
from tests.scripted import HANG, ScriptedUpstream
from tests.servers import LIMIT_S, Served, client_of, events_of, served, settings_for

DOCUMENT = '{"bullets": ["The first.", "The second."]}'


async def scrape(it: Served) -> Scrape:
    response = await it.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape.of(response.content)


async def test_on_loopback_it_is_on_the_main_port() -> None:
    """Nothing else to set up on one's own machine."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as it:
        events_of(await it.client.get("/stream?q=a"))
        figures = await scrape(it)
        assert figures.above_zero("streamsum_summaries_total", "finish") == {"complete": 1}
        assert figures["streamsum_first_bullet_seconds_count"] == 1
        assert (await it.client.head("/metrics")).status_code == 405


@pytest.mark.parametrize("server", [("10.0.0.7", 8080), ("::", 8080), None])
async def test_elsewhere_it_is_not_there(server: tuple[str, int] | None) -> None:
    """As any path that there is not."""
    app = create_app(Settings(no_keys=True), upstream=ScriptedUpstream())
    wire = Wire()
    async with lifespan(app):
        await wire.run(app, scope_of("/metrics", server=server))
    assert wire.status == 404


async def test_bullets_are_timed_to_their_listeners() -> None:
    """Live ones: a replay, and a summary that is waited for, tell nothing of us."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as it:
        response = await it.client.post("/v1/summaries", json={"text": "a"})
        events_of(response)
        figures = await scrape(it)
        assert figures["streamsum_emission_lag_seconds_count"] == 2
        assert 0 < figures["streamsum_emission_lag_seconds_sum"] < LIMIT_S
        events_of(await it.client.get(f"{response.headers['location']}/events"))
        assert (await it.client.post("/v1/summaries", json={"text": "a", "stream": False})).status_code == 200
        assert (await scrape(it))["streamsum_emission_lag_seconds_count"] == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_who_follows_is_counted(stream: bool) -> None:
    """While it does, whether it sees events or waits for them all; and what runs."""
    gate = asyncio.Event()
    async with served(ScriptedUpstream(script=[DOCUMENT[:30], gate, DOCUMENT[30:]])) as it:
        follower = asyncio.create_task(it.client.post("/v1/summaries", json={"text": "a", "stream": stream}))
        async with asyncio.timeout(LIMIT_S):
            while (figures := await scrape(it))["streamsum_listeners"] == 0:
                pass
        assert figures["streamsum_listeners"] == figures["streamsum_summaries_running"] == 1
        gate.set()
        await follower
        figures = await scrape(it)
        assert figures["streamsum_listeners"] == figures["streamsum_summaries_running"] == 0


async def test_problems_are_counted_by_their_code() -> None:
    """Whoever answers them: a route, the router, the doors."""
    async with served(ScriptedUpstream(), settings=Settings(max_body_bytes=10)) as it:
        for path, host in [("/nowhere", "localhost"), ("/stream?q=", "localhost"), ("/stream?q=a", "elsewhere")]:
            await it.client.get(path, headers={"Host": host})
        await it.client.post("/v1/summaries", json={"text": "a" * 10})
        figures = await scrape(it)
    problems = {"not_found": 1, "invalid_request": 1, "forbidden": 1, "too_large": 1}
    assert figures.above_zero("streamsum_problems_total", "code") == problems


async def test_limits_that_are_hit_are_counted() -> None:
    """Whoever hit them: no figure has the name of a key."""
    settings = keyed(requests_per_minute=3, streams=1, tokens_per_day=3000)
    async with served(ScriptedUpstream(script=[HANG]), settings=settings) as it:
        for key, text in ((ALICE, "many " * 4000), *[(ALICE, "few")] * 3, ("ssk_nobodys", "few")):
            headers = {**bearer(key), "Prefer": "respond-async"}
            await it.client.post("/v1/summaries", json={"text": text}, headers=headers)
        scraped = await it.client.get("/metrics", headers=bearer(BOB))
    hit = {"budget_exhausted": 1, "too_many_streams": 1, "rate_limited": 1, "unauthenticated": 1}
    assert Scrape.of(scraped.content).above_zero("streamsum_problems_total", "code") == hit
    assert "alice" not in scraped.text


async def test_probes_are_no_problems() -> None:
    """Ten minutes of an outage would be 300 of each pod, and nobody was turned away."""
    async with served(ScriptedUpstream()) as it:
        await it.service.runs.drain(0)
        assert (await it.client.get("/readyz")).status_code == 503
        assert (await it.client.post("/v1/summaries", json={"text": "a"})).status_code == 503
        figures = await scrape(it)
    assert figures.above_zero("streamsum_problems_total", "code") == {"draining": 1}


async def test_how_late_the_loop_is_can_be_seen() -> None:
    """From the start of the service, twice a second."""
    async with served(ScriptedUpstream()) as it, asyncio.timeout(LIMIT_S):
        while (await scrape(it))["streamsum_loop_lag_seconds_count"] == 0:
            pass


async def test_an_upstream_that_rests_is_seen() -> None:
    """Five failures of one, counted by cause."""
    async with FakeUpstream((Status(401),)) as model, served(None, settings=settings_for(model)) as it:
        for _ in range(5):
            await it.client.post("/v1/summaries", json={"text": "a"})
        figures = await scrape(it)
    assert figures.where("streamsum_upstream_calls_total", upstream="openai", cause="rejected") == 5
    assert figures.above_zero("streamsum_upstream_rests_total", "upstream") == {"openai": 1}
    assert figures.above_zero("streamsum_upstream_resting", "upstream") == {"openai": 1}


async def test_a_summary_that_fails_is_counted_by_its_finish() -> None:
    """With a bullet, which came and stays."""
    script = (Role(), Content('{"bullets": ["The first.", '), Reset())
    async with FakeUpstream(script) as model, served(None, settings=settings_for(model)) as it:
        events_of(await it.client.get("/stream?q=a"))
        figures = await scrape(it)
    assert figures.above_zero("streamsum_summaries_total", "finish") == {"upstream_truncated": 1}
    assert figures.where("streamsum_bullets_total", outcome="passed") == 1


# The listener of its own.


async def test_it_has_a_listener_of_its_own() -> None:
    """Without a key and for whoever reaches it; nothing else is there; it goes with the service."""
    async with FakeUpstream(answer(bullets("The first."))) as model, asyncio.timeout(LIMIT_S):
        with ExitStack() as stack:
            listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
            main, own = (each.getsockname()[1] for each in listeners)
            app = create_app(settings_for(model))
            task = asyncio.create_task(serve(app, listeners[0], metrics=listeners[1]))
            async with client_of(main) as client, client_of(own) as prometheus:
                events_of(await client.get("/stream?q=a"))
                figures = Scrape.of((await prometheus.get("/metrics", headers={"Host": "anything"})).content)
                assert figures["streamsum_summaries_total"] == 1
                for path in ("/", "/healthz", "/stream?q=a", "/metrics/"):
                    response = await prometheus.get(path)
                    assert (response.status_code, response.json()["code"]) == (404, "not_found")
                refused = await prometheus.post("/metrics")
                assert refused.json()["code"] == "method_not_allowed"
                assert refused.headers["x-content-type-options"] == "nosniff"
            signal.raise_signal(signal.SIGTERM)
            await task


async def test_its_answers_are_labelled_like_all_others() -> None:
    """An id that the caller may choose, and nothing for a browser to guess at."""
    wire = Wire()
    await wire.run(figures_app(Metrics()), scope_of("/metrics", headers={"X-Request-ID": "request-1"}))
    assert wire.status == 200
    assert wire.headers["x-request-id"] == "request-1"
    assert wire.headers["x-content-type-options"] == "nosniff"


class Broken(Metrics):
    @override
    def exposition(self) -> bytes:
        raise RuntimeError("xyzzy-canary")


async def test_a_bug_there_is_a_problem_too(caplog: pytest.LogCaptureFixture) -> None:
    """With an id by which its line is found, and without its words."""
    wire = Wire()
    await wire.run(figures_app(Broken()), scope_of("/metrics"))
    assert (wire.status, json.loads(wire.body)["code"]) == (500, "internal_error")
    assert wire.headers["x-request-id"] in caplog.text
    assert "xyzzy-canary" not in caplog.text


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_where_it_listens_is_a_setting(address: str) -> None:
    """An address of this machine and a port."""
    with bind_metrics(Settings.read({"STREAMSUM_METRICS_ADDR": address})) as listener:
        assert listener is not None
        assert listener.getsockname()[1] > 0
    with bind_metrics(Settings()) as nobody:
        assert nobody is None


@pytest.mark.parametrize("address", ["9090", ":9090", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:"])
def test_what_is_no_address_is_told(address: str) -> None:
    """Before anything starts."""
    with pytest.raises(SettingsError, match="STREAMSUM_METRICS_ADDR must be host:port"):
        Settings.read({"STREAMSUM_METRICS_ADDR": address})


def test_what_cannot_be_listened_on_is_told() -> None:
    """No address of this machine; a port that somebody has."""
    with pytest.raises(SettingsError, match="STREAMSUM_METRICS_ADDR is no address"):
        bind_metrics(Settings(metrics_addr=("no.such.host.invalid", 0)))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        bind_metrics(Settings(metrics_addr=("127.0.0.1", taken.getsockname()[1])))
