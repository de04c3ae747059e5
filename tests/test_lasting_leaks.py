"""Nothing of a text is recorded of a summary's later life either: when it is read, resumed, joined, cancelled, handed
over, taken over, and when its event log goes away. Under the same watch as `test_leaks.py`.
"""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from streamsum.runs.redis_log import RedisLog
from streamsum.settings import Settings
from tests.leaks import FOCUS, HEADERS, SOURCE, Watch, watched
from tests.logs import until_reached
from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.scripted import HANG, ScriptedUpstream
from tests.servers import events_of, served
from tests.test_leaks import Broken
from tests.test_outages import QUICK

pytestmark = pytest.mark.usefixtures("sober_logging")

HEAD = '{"bullets": ["A canary sang in the shaft."'
MORE = ', "The miners left the canary."'
DOCUMENT = f"{HEAD}{MORE}]}}"
LATER = {"text": SOURCE, "focus": FOCUS, "on_disconnect": "finish"}


def shared(redis: RedisServer) -> Settings:
    """With a secret, by which requests are sealed for whoever takes a summary over."""
    return Settings(event_log=SecretStr(redis.url), secrets=(SecretStr("a-canary-that-nobody-must-hear-of"),))


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server to be harmed."""
    with redis_server() as server:
        yield server


async def test_nothing_of_what_follows_a_summary(capfd: pytest.CaptureFixture[str]) -> None:
    """It is begun under a name, followed by a ticket, read, resumed, joined and forgotten; and each of that refused."""
    named = {"Idempotency-Key": "canary-1", "Prefer": "respond-async, canary"}
    async with watched(ScriptedUpstream(script=[DOCUMENT]), capfd) as watch:
        begun = await watch.ask("POST", "/v1/summaries", headers=named, json=LATER)
        path, id = begun.headers["location"], begun.json()["id"]
        followed = await watch.ask("GET", begun.json()["events_url"])
        assert len(events_of(followed)) == 4
        assert (await watch.ask("POST", "/v1/summaries", headers=named, json=LATER)).json()["id"] == id
        await watch.ask("POST", "/v1/summaries", headers={"Idempotency-Key": "canary-1"}, json={"text": "Canary."})
        await watch.ask("POST", "/v1/summaries", headers={"Idempotency-Key": "a canary"}, json=LATER)
        await watch.ask("POST", "/v1/summaries", json=LATER | {"stream": False})
        assert (await watch.ask("GET", path)).json()["status"] == "completed"
        for cursor in (f"{id}:1", f"{id}:99", "canary", "canary" * 20):
            await watch.ask("GET", f"{path}/events", headers={"Last-Event-ID": cursor})
            await watch.ask("GET", f"/stream?q=canary&after={cursor}")
        await watch.ask("GET", f"{path}/events?ticket=canary")
        for _ in range(2):
            await watch.ask("DELETE", path)
        await watch.ask("GET", path)
    assert watch.leaks() == []


@needs_redis
async def test_nothing_of_an_event_log_that_goes_away(
    own_redis: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A summary loses it, and is taken over; what is asked for meanwhile is refused; then it comes back empty."""
    upstream = ScriptedUpstream(script=[HEAD, gate := asyncio.Event(), MORE, HANG])
    async with (
        RedisLog(own_redis.url, grace_s=10, keep_s=600, times=QUICK) as log,
        watched(upstream, capfd, settings=shared(own_redis), log=log) as watch,
    ):
        await until_reached(log)
        begun = await watch.ask("POST", "/v1/summaries", headers={"Prefer": "respond-async"}, json=LATER)
        path = begun.headers["location"]
        await upstream.called.wait()
        own_redis.pause()
        gate.set()
        await ask_everything(watch, path)
        await upstream.closed.wait()
        upstream.called.clear()
        own_redis.resume()
        await upstream.called.wait()  # taken over
        own_redis.stop()
        own_redis.start()
        await until_reached(log)
        await ask_everything(watch, path)
    for said in ("summary has lost its log", "summary taken over"):
        assert said in watch.seen["log"]
    assert watch.leaks() == []


async def ask_everything(watch: Watch, path: str) -> None:
    """That needs the event log, and can have none of it."""
    behind = {"Last-Event-ID": f"{path[-22:]}:1"}
    await asyncio.gather(
        watch.ask("GET", "/readyz"),
        watch.ask("GET", path),
        watch.ask("GET", f"{path}/events", headers=behind),
        watch.ask("DELETE", f"/v1/summaries/{'x' * 22}"),
    )


@needs_redis
async def test_nothing_of_handing_over(redis: RedisServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Another process goes on with it, and is asked for it."""
    going, heir = ScriptedUpstream(script=[HEAD, HANG]), ScriptedUpstream(script=[DOCUMENT])
    async with (
        RedisLog(redis.url, grace_s=10, keep_s=600, times=QUICK) as first,
        watched(going, capfd, settings=shared(redis), log=first) as watch,
        RedisLog(redis.url, grace_s=10, keep_s=600, times=QUICK) as second,
        served(heir, settings=watch.it.service.settings, log=second) as other,
    ):
        await until_reached(first)
        await until_reached(second)
        begun = await watch.ask("POST", "/v1/summaries", headers={"Prefer": "respond-async"}, json=LATER)
        await going.called.wait()
        await watch.it.service.runs.drain(0)
        followed = await other.client.get(f"{begun.headers['location']}/events", headers=HEADERS)
        watch.note_answer(followed)
        assert events_of(followed)[-1]["type"] == "summary.completed"
        await watch.ask("POST", "/v1/summaries", json=LATER)  # draining
    assert "summary taken over" in watch.seen["log"]
    assert watch.leaks() == []


async def test_nothing_in_the_form_for_people(capfd: pytest.CaptureFixture[str]) -> None:
    """Which has a printer of its own, and one for exceptions, if it were let."""
    async with watched(Broken(), capfd, form="console") as watch:
        await watch.post()
        await watch.get("/stream")
    assert "RuntimeError at " in watch.seen["log"]
    assert "Traceback" not in watch.seen["log"]
    assert watch.leaks() == []
