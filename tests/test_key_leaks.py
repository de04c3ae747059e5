"""No key is recorded anywhere, nor what comes with one: whoever is refused, whoever waits, whatever their file becomes.

The faults of `test_leaks.py` are played by callers with keys and limits; here are the faults of those.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from streamsum.api_key import digest_of
from streamsum.errors import SettingsError
from streamsum.settings import Settings, WhenDown
from tests.keys import bearer, toml
from tests.leaks import CALLER, DISABLED, HEADERS, OTHER, SOURCE, Watch, keys, watched
from tests.logs import until_reached
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import HANG, ScriptedUpstream

pytestmark = pytest.mark.usefixtures("sober_logging")

DOCUMENT = '["The canary sang.", "A canary fell silent."]'
STRANGER = f"ssk_{'canary9':x<43}"
UNKNOWN = "x" * 22
ASYNC = {"Prefer": "respond-async"}
REFUSED = [
    {},
    {"Authorization": "canary"},
    {"Authorization": f"Basic {CALLER}"},
    {"Authorization": "Bearer canary canary"},
    {"Authorization": f"Bearer {'canary' * 1000}"},
    {"X-API-Key": CALLER},
    bearer(STRANGER),
    bearer(DISABLED),
]


async def ask(watch: Watch, method: str, path: str, *, body: object = None, **headers: str) -> int:
    """Its status; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await watch.it.client.request(method, path, json=body, headers=named)
    watch.note_answer(response)
    return response.status_code


async def test_nobody_who_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """With no key, or none that opens; at a closed door; for a model, or a summary, that is not theirs."""
    settings = Settings(trusted_hosts=("localhost", "127.0.0.1"), keys=(replace(keys()[0], models=frozenset()),))
    settings = replace(settings, keys=(*settings.keys, *keys()[1:]))
    async with watched(ScriptedUpstream(script=[DOCUMENT]), capfd, settings=settings) as watch:
        for headers in REFUSED:
            for method, path in (("GET", "/stream?q=canary"), ("DELETE", f"/v1/summaries/{UNKNOWN}?canary")):
                assert await ask(watch, method, path, **headers) == 401
        assert await ask(watch, "POST", "/v1/summaries", body={"text": SOURCE}, **bearer(CALLER)) == 403
        assert await ask(watch, "GET", "/stream?q=canary", Host="canary.example", **bearer(OTHER)) == 403
        watch.note_answer(begun := await watch.it.client.get("/stream?q=canary", headers=bearer(OTHER)))
        path = begun.headers["location"]
        assert await ask(watch, "GET", path, **bearer(CALLER)) == 404
        assert await ask(watch, "GET", f"{path}/events?ticket=canary", **bearer(CALLER)) == 404
        assert await ask(watch, "GET", f"{path}/events", Last_Event_ID="canary:1", **bearer(OTHER)) == 400
    assert '"key": "the-press"' in watch.seen["log"]
    assert watch.leaks() == []


async def test_no_key_in_a_query(capfd: pytest.CaptureFixture[str]) -> None:
    """It is refused for standing there: proxies have it by now, we do not."""
    async with watched(ScriptedUpstream(script=[DOCUMENT]), capfd) as watch:
        names = (f"{name}=canary" for name in ("api_key", "subscription-key", "streamsum_key", "STREAMSUM_KEY"))
        for query in (f"key={CALLER}", f"q={CALLER}", f"token={STRANGER}", f"x=%73{CALLER[1:]}", *names):
            for headers in ({}, bearer(CALLER)):
                assert await ask(watch, "GET", f"/stream?{query}", **headers) == 400
        events_url = f"/v1/summaries/{UNKNOWN}/events?ticket=canary"
        assert await ask(watch, "GET", f"{events_url}&key={CALLER}") == 400
    assert watch.leaks() == []


async def test_no_page_elsewhere(capfd: pytest.CaptureFixture[str]) -> None:
    """CORS: an origin that may, one that may not, and what they ask for."""
    settings = Settings(cors_origins=("https://app.example",))
    async with watched(ScriptedUpstream(script=[DOCUMENT]), capfd, settings=settings) as watch:
        for origin in ("https://app.example", "https://canary.example"):
            for wanted in ("authorization", "x-canary"):
                asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
                response = await watch.it.client.options("/v1/summaries", headers={"Origin": origin, **asked})
                assert "canary" not in str(response.headers)
                watch.note_answer(response)
            assert await ask(watch, "GET", "/stream?q=canary", Origin=origin, **bearer(CALLER)) == 200
    assert watch.leaks() == []


@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=needs_redis)], ids=["memory", "redis"])
async def test_nobody_who_is_over_a_limit(
    shared: bool, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each of the three, in memory and on Redis; and a summary that is joined, with what names it."""
    limited = keys(requests_per_minute=6, streams=2, tokens_per_day=9000)
    settings = Settings(keys=limited)
    if shared:
        redis: RedisServer = request.getfixturevalue("redis")
        settings = replace(settings, event_log=SecretStr(redis.url))
    caller = {**HEADERS, **ASYNC}
    async with watched(ScriptedUpstream(script=[DOCUMENT[:20], HANG]), capfd, settings=settings) as watch:
        if shared:
            await until_reached(watch.it.service.log)
        codes = []
        for text, name in (
            (SOURCE * 999, "-"),
            (SOURCE * 200, "a"),
            (SOURCE, "canary"),
            (SOURCE, "canary"),
            (SOURCE, "b"),
            (SOURCE, "b"),
        ):
            for key in (caller, {**caller, "Idempotency-Key": name}):
                body = {"text": text, "on_disconnect": "cancel"}
                response = await watch.it.client.post("/v1/summaries", json=body, headers=key)
                watch.note_answer(response)
                codes.append(response.json().get("code", "accepted"))
        assert set(codes) == {
            "accepted",
            "budget_exhausted",
            "too_many_streams",
            "rate_limited",
        }
    assert watch.leaks() == []


@needs_redis
@pytest.mark.parametrize("when_down", ["closed", "open"])
async def test_no_limits_that_are_away(
    when_down: WhenDown, redis: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """Refused or let in, and to be settled later."""
    settings = Settings(event_log=SecretStr(redis.url), limiter_down=when_down)
    async with watched(ScriptedUpstream(script=[DOCUMENT]), capfd, settings=settings) as watch:
        await until_reached(watch.it.service.log)
        await watch.post()
        redis.pause()
        try:
            assert await ask(watch, "GET", "/v1/models", **bearer(CALLER)) == (503 if when_down == "closed" else 200)
        finally:
            redis.resume()
        await until_reached(watch.it.service.log)
    assert "the limits cannot be reached" in watch.seen["log"]
    assert watch.leaks() == []


async def test_no_file_of_keys(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever it has become while it is in use; and a key that goes in mid-stream."""
    (file := tmp_path / "canary.toml").write_text(toml("the-shop", CALLER) + toml("the-press", OTHER))
    settings = Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
    async with watched(ScriptedUpstream(script=[DOCUMENT[:20], HANG]), capfd, settings=settings) as watch:
        ring = watch.it.service.keys
        await watch.it.client.post("/v1/summaries", json={"text": SOURCE}, headers={**bearer(CALLER), **ASYNC})
        for broken in BROKEN:
            file.write_text(broken)
            assert not await ring.look()
            assert ring.find(CALLER) is not None
        file.write_text(toml("the-press", OTHER, 'models = ["canary"]'))
        if await ring.look():  # or it was seen by itself, just now
            watch.it.service.runs.end_revoked()
        assert await ask(watch, "GET", "/stream?q=canary", **bearer(CALLER)) == 401
    assert watch.seen["log"].count("the keys file is wrong") == len(BROKEN)
    assert json.loads(next(line for line in watch.seen["log"].splitlines() if "summary ended" in line))["key"]
    assert watch.leaks() == []


# Keys themselves, where only what is kept of them belongs.
BROKEN = [
    "canary",
    f'[[keys]]\nname = "the-shop"\nsha256 = "{CALLER}"',
    f'[[keys]]\nname = "the-shop"\nkey = "{CALLER}"',
    f'[[keys]]\nname = "canary {CALLER}"\nsha256 = "{digest_of(CALLER).hex()}"',
    toml("the-shop", CALLER) + toml("canary", CALLER),
    toml("the-shop", CALLER, 'streams = "canary"'),
    toml("the-shop", CALLER, "canary = canary"),
]


def test_no_file_at_the_start(tmp_path: Path) -> None:
    """Its operator is told which line of which table, and nothing that stands there."""
    file = tmp_path / "canary.toml"
    for broken in BROKEN:
        file.write_text(broken)
        with pytest.raises(SettingsError) as caught:
            Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
        assert "canary" not in str(caught.value)


async def test_a_key_that_leaks_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    """As it is, or as it is kept."""
    async with watched(ScriptedUpstream(script=["[]"]), capfd) as watch:
        await watch.post()
        print(digest_of(CALLER).hex().upper())
        watch.it.service.telemetry.note_problem(OTHER)
    assert {leak.partition(":")[0] for leak in watch.leaks()} == {"output", "figures"}
