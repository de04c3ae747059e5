"""What a key may have, over HTTP: requests a minute, summaries at once, tokens a day."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from streamsum.core.cost import expected
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.runs.limits.redis import RedisLimiter
from streamsum.settings import Settings
from streamsum.web.app import create_app, lifespan
from tests.asgi import scope_of
from tests.keys import ALICE, BOB, bearer, keyed
from tests.logs import redis_log, until_reached
from tests.redis_server import RedisServer, needs_redis
from tests.scripted import HANG, ScriptedUpstream, Step, refused
from tests.servers import Served, events_of, served
from tests.test_limiter import PATIENT, wanted

DOCUMENT = '{"bullets": ["The first.", "The second."]}'
HEAD = '{"bullets": ["The first."'
BODY = {"text": "Nothing much happened.", "max_bullets": 2}
ASYNC = {"Prefer": "respond-async"}
# Of one call for BODY: 256 for what is around the bullets, 148 for each, and a prompt of some 120.
RESERVED = range(640, 700)


def saying(*script: Step, usage: Usage | None = None, cause: Cause = Cause.STOP) -> ScriptedUpstream:
    return ScriptedUpstream(script=script, ended=End(cause, finish_reason="stop", usage=usage))


async def summarise(at: Served, secret: str = ALICE, **headers: str) -> httpx2.Response:
    return await at.client.post("/v1/summaries", json=BODY, headers={**bearer(secret), **headers})


def is_refused(response: httpx2.Response, code: str, policy: str, left: range | int = 0) -> None:
    """429, and everything that a client needs to wait for as long as it must."""
    assert (response.status_code, response.json()["code"]) == (429, code)
    wait = int(response.headers["retry-after"])
    assert wait == response.json()["retry_after"] > 0
    limits = response.headers.get_list("ratelimit")
    (limit,) = [each for each in limits if each.startswith(f'"{policy}"')]
    assert limit.endswith(f";t={wait}")
    assert int(limit.split(";")[1].removeprefix("r=")) in (range(left, left + 1) if isinstance(left, int) else left)
    assert any(each.startswith(f'"{policy}";q=') for each in response.headers.get_list("ratelimit-policy"))


class TestRequestsAMinute:
    async def test_what_is_over_the_limit_waits(self) -> None:
        """Each answer says what is left; others are not concerned; nobody asks the model."""
        upstream = saying(DOCUMENT)
        async with served(upstream, settings=keyed(requests_per_minute=2)) as at:
            for left in (1, 0):
                response = await summarise(at)
                assert response.headers["ratelimit-policy"] == '"requests";q=2;w=60'
                assert response.headers["ratelimit"] in {f'"requests";r={left};t={t}' for t in range(45, 61)}
                assert "retry-after" not in response.headers
            for path in ("/stream?q=a", "/v1/summaries?text=a", "/v1/models", "/v1/summaries/" + "x" * 22):
                is_refused(await at.client.get(path, headers=bearer()), "rate_limited", "requests")
            is_refused(await summarise(at), "rate_limited", "requests")
            others = await summarise(at, BOB)
            assert others.status_code == 200
            assert not [name for name in others.headers if name.startswith("ratelimit")]
        assert len(upstream.prompts) == 3

    async def test_what_is_refused_for_another_reason_counts_too(self) -> None:
        """It was work; and it carries the fields, whatever its status."""
        async with served(saying(), settings=keyed(requests_per_minute=1)) as at:
            response = await at.client.post("/v1/summaries", content=b"{", headers=bearer())
            assert response.status_code == 415
            assert response.headers["ratelimit"].startswith('"requests";r=0;')

    async def test_a_wrong_key_counts_for_nobody(self) -> None:
        """Or others could use a key up."""
        async with served(saying(), settings=keyed(requests_per_minute=1)) as at:
            for _ in range(3):
                assert (await at.client.get("/v1/models", headers=bearer(f"{ALICE}x"))).status_code == 401
            assert (await at.client.get("/v1/models", headers=bearer())).status_code == 200

    async def test_it_goes_by_the_key_wherever_it_comes_from(self) -> None:
        """An address is what a caller says it is, or a proxy."""
        settings = replace(keyed(requests_per_minute=2), trusted_proxies=("127.0.0.1",))
        async with served(saying(), settings=settings) as at:
            statuses = [
                (await at.client.get("/v1/models", headers={**bearer(), name: f"198.51.100.{n}"})).status_code
                for n, name in enumerate(("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-For"))
            ]
            assert statuses == [200, 200, 429, 429]
            assert (await at.client.get("/v1/models", headers=bearer(BOB))).status_code == 200

    async def test_following_and_cancelling_are_not_counted(self) -> None:
        """An `EventSource` that is refused once never comes back; a model that is not hung up goes on."""
        async with served(saying(DOCUMENT), settings=keyed(requests_per_minute=1)) as at:
            id = events_of(await summarise(at))[0]["id"]
            cursor = {**bearer(), "Last-Event-ID": f"{id}:1"}
            for path in (f"/v1/summaries/{id}/events", "/stream?q=a", "/v1/summaries?text=a"):
                assert len(events_of(await at.client.get(path, headers=cursor), after=1)) == 3
            after = await at.client.get(f"/stream?q=a&after={id}:1", headers=bearer())
            assert len(events_of(after, after=1)) == 3
            for _ in range(2):
                assert (await at.client.delete(f"/v1/summaries/{id}", headers=bearer())).status_code == 204
            is_refused(await at.client.get("/v1/models", headers=cursor), "rate_limited", "requests")

    @pytest.mark.parametrize(
        ("query", "headers"),
        [
            ("after=", {}),
            ("after=x", {}),
            ("", {"Last-Event-ID": ""}),
            ("", {"Last-Event-ID": "x"}),
        ],
    )
    async def test_what_is_no_cursor_is_counted(self, query: str, headers: dict[str, str]) -> None:
        """Or it would be a way around the limit."""
        upstream = saying(DOCUMENT)
        async with served(upstream, settings=keyed(requests_per_minute=1)) as at:
            await at.client.get("/v1/models", headers=bearer())
            response = await at.client.get(f"/stream?q=a&{query}", headers={**bearer(), **headers})
            is_refused(response, "rate_limited", "requests")
        assert upstream.prompts == []


class TestSummariesAtOnce:
    async def test_what_is_over_the_limit_waits(self) -> None:
        """Until one of them has ended; it says when to try again, and of which limit it is."""
        upstream = saying(HEAD, gate := asyncio.Event(), "]}")
        async with served(upstream, settings=keyed(streams=1, requests_per_minute=100)) as at:
            begun = asyncio.create_task(summarise(at))
            await upstream.called.wait()
            response = await summarise(at)
            is_refused(response, "too_many_streams", "streams")
            assert '"streams";q=1;qu="concurrent-requests"' in response.headers.get_list("ratelimit-policy")
            is_refused(await at.client.get("/stream?q=a", headers=bearer()), "too_many_streams", "streams")
            is_refused(await summarise(at, **ASYNC), "too_many_streams", "streams")
            assert (await summarise(at, BOB, **ASYNC)).status_code == 202
            gate.set()
            assert events_of(await begun)[-1]["finish"] == "complete"
            assert (await summarise(at)).status_code == 200
        assert len(upstream.prompts) == 3

    async def test_one_after_the_other_is_one_at_a_time(self) -> None:
        """The place is free before its client hears of the end."""
        async with served(saying(DOCUMENT), settings=keyed(streams=1)) as at:
            for _ in range(20):
                assert (await summarise(at)).status_code == 200

    @pytest.mark.parametrize(
        ("upstream", "status"),
        [
            (ScriptedUpstream(connecting=[refused(Cause.REJECTED)]), 502),
            (ScriptedUpstream(connecting=[RuntimeError("a bug")]), 502),
            (saying("No document.", cause=Cause.STOP), 200),
            (saying('{"bullets": ["A', cause=Cause.REFUSAL), 200),
            (saying(HEAD, RuntimeError("a bug")), 200),
        ],
    )
    async def test_whatever_ends_a_summary_frees_its_place(self, upstream: ScriptedUpstream, status: int) -> None:
        """Failures of all kinds."""
        async with served(upstream, settings=keyed(streams=1)) as at:
            for _ in range(2):
                assert (await summarise(at)).status_code == status

    async def test_a_deletion_frees_its_place(self) -> None:
        """And so does a client that leaves, where that is the policy."""
        async with served(saying(HEAD, HANG), settings=keyed(streams=1)) as at:
            for _ in range(3):
                id = (await summarise(at, **ASYNC)).json()["id"]
                assert (await summarise(at, **ASYNC)).status_code == 429
                assert (await at.client.delete(f"/v1/summaries/{id}", headers=bearer())).status_code == 204
                await until_idle(at)
            body = {**BODY, "on_disconnect": "cancel"}
            for _ in range(2):
                async with at.client.sse("/v1/summaries", method="POST", json=body, headers=bearer()) as source:
                    assert (await anext(aiter(source))).data
                await until_idle(at)

    async def test_what_never_began_took_no_place(self) -> None:
        """Refused requests of all kinds."""
        settings = replace(keyed(streams=1), max_body_bytes=1000, source_bytes=50)
        async with served(saying(DOCUMENT), settings=settings) as at:
            for body, status in (({}, 422), ({"text": "a" * 2000}, 413), ({"text": "a" * 60}, 503)):
                for _ in range(2):
                    response = await at.client.post("/v1/summaries", json=body, headers=bearer())
                    assert response.status_code == status
            assert (await summarise(at)).status_code == 200

    async def test_joining_takes_no_place(self) -> None:
        """Whoever asks again for what runs already finds it, though there is room for nothing more."""
        upstream = saying(HEAD, gate := asyncio.Event(), "]}", usage=Usage(10, 10))
        name = {"Idempotency-Key": "order-7"}
        async with served(upstream, settings=keyed(streams=1, tokens_per_day=RESERVED.stop)) as at:
            begun = asyncio.create_task(summarise(at, **name))
            await upstream.called.wait()
            is_refused(await summarise(at, **{"Idempotency-Key": "order-8"}), "too_many_streams", "streams")
            again = asyncio.create_task(summarise(at, **name))
            other = await at.client.post("/v1/summaries", json={"text": "b"}, headers={**bearer(), **name})
            assert other.status_code == 409
            gate.set()
            assert events_of(await begun) == events_of(await again)
            assert events_of(await summarise(at, **name)) == events_of(await begun)
        assert len(upstream.prompts) == 1


class TestTokensADay:
    async def test_what_is_over_the_budget_is_refused(self) -> None:
        """With what is left of it, and how long the day still is. What is asked for next is held against what came."""
        upstream = saying(DOCUMENT, usage=Usage(200, 100))
        async with served(upstream, settings=keyed(tokens_per_day=RESERVED.stop + 300)) as at:
            for _ in range(2):
                assert (await summarise(at)).status_code == 200
            response = await summarise(at)
            is_refused(response, "budget_exhausted", "tokens", RESERVED.stop - 300)
            policy = f'"tokens";q={RESERVED.stop + 300};qu="tokens";w=86400'
            assert policy in response.headers.get_list("ratelimit-policy")
            small = await at.client.post("/v1/summaries", json={**BODY, "max_bullets": 1}, headers=bearer())
            assert small.status_code in {200, 429}
        assert len(upstream.prompts) >= 2

    async def test_what_no_day_has_room_for_is_told_so(self) -> None:
        """Beside the time at which the day is over, which would not help; what is smaller is served."""
        upstream = saying(DOCUMENT, usage=Usage(10, 10))
        async with served(upstream, settings=keyed(tokens_per_day=RESERVED.stop)) as at:
            for more in ({"text": "word " * 1000}, {"max_bullets": 50}):
                response = await at.client.post("/v1/summaries", json={**BODY, **more}, headers=bearer())
                assert (response.status_code, response.json()["code"]) == (429, "budget_exhausted")
                assert "for a whole day" in response.json()["detail"]
            assert (await summarise(at)).status_code == 200
        assert len(upstream.prompts) == 1

    async def test_what_runs_is_reserved(self) -> None:
        """An estimate of the prompt, and as much as may come; until it is known to be less."""
        upstream = saying(HEAD, gate := asyncio.Event(), "]}", usage=Usage(10, 10))
        async with served(upstream, settings=keyed(tokens_per_day=2 * RESERVED.start - 1)) as at:
            begun = asyncio.create_task(summarise(at))
            await upstream.called.wait()
            response = await summarise(at)
            is_refused(response, "budget_exhausted", "tokens", range(1, RESERVED.stop))
            assert int(response.headers["retry-after"]) < 60  # not the night: it may end with less
            gate.set()
            assert (await begun).status_code == 200
            assert (await summarise(at)).status_code == 200

    @pytest.mark.parametrize(
        ("upstream", "spent"),
        [
            (saying(DOCUMENT, usage=Usage(200, 100)), range(300, 301)),
            (saying(DOCUMENT, usage=Usage(None, 100)), range(200, 250)),  # the prompt is estimated
            (saying(DOCUMENT), range(110, 160)),  # and so is the answer
            (
                saying('{"bullets": ["The first.", 5]}', usage=Usage(200, 100)),
                range(600, 601),
            ),  # it was asked once more
            (saying(HEAD, cause=Cause.CUT), range(110, 160)),
            (ScriptedUpstream(connecting=[refused(Cause.REJECTED)]), range(1)),  # it has not worked
            (ScriptedUpstream(connecting=[refused(Cause.TIMEOUT)]), range(100, 1000)),  # it may have
        ],
        ids=["usage", "half a usage", "no usage", "two calls", "cut", "rejected", "silent"],
    )
    async def test_what_is_charged(self, upstream: ScriptedUpstream, spent: range) -> None:
        """What the upstream counted, of every call; else what such texts usually have."""
        async with served(upstream, settings=keyed(tokens_per_day=10_000)) as at:
            await summarise(at)
            assert await spent_by_alice(at) in spent

    async def test_who_leaves_before_the_figures_come_pays_for_what_came(self) -> None:
        """DELETE, in mid-stream."""
        words = " ".join(f"word{n}" for n in range(200))
        upstream = saying(HEAD, f', "{words}', HANG)
        async with served(upstream, settings=keyed(tokens_per_day=10_000)) as at:
            async with at.client.sse("/v1/summaries", method="POST", json=BODY, headers=bearer()) as source:
                id = json.loads((await anext(events := aiter(source))).data)["id"]
                await anext(events)
                await at.client.delete(f"/v1/summaries/{id}", headers=bearer())
                assert [json.loads(event.data) async for event in events][-1]["finish"] == "cancelled"
            assert await spent_by_alice(at) in range(len(words) // 4, len(words) // 4 + 200)


async def until_idle(at: Served) -> None:
    while len(at.service.runs):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def spent_by_alice(at: Served) -> int:
    """By asking for more than there can be left."""
    assert at.service.limiter is not None
    standing = await at.service.limiter.reserve(wanted("probe", tokens=10_001, tokens_per_day=10_000))
    assert standing is not None
    return standing.quota - standing.left


# Two replicas.


@asynccontextmanager
async def two_apps(
    redis: RedisServer, settings: Settings, upstream: ScriptedUpstream
) -> AsyncIterator[Sequence[Starlette]]:
    """Which are patient with their server: a storm of tries takes the processor's time, as do others on the machine."""
    settings = replace(settings, event_log=SecretStr(redis.url))
    async with AsyncExitStack() as stack:
        logs = [await stack.enter_async_context(redis_log(redis, times=PATIENT)) for _ in range(2)]
        limiters = [await stack.enter_async_context(aclosing(RedisLimiter(redis.url, times=PATIENT))) for _ in logs]
        apps = [
            create_app(settings, upstream=upstream, log=log, limiter=limiter)
            for log, limiter in zip(logs, limiters, strict=True)
        ]
        for app in apps:
            await stack.enter_async_context(lifespan(app))
        yield apps


async def post_to(app: ASGIApp) -> int:
    """Its status; without a socket, of which there are not enough."""
    body, statuses = json.dumps(BODY).encode(), []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = scope_of("/v1/summaries", headers={"content-type": "application/json", **ASYNC, **bearer()})
    await app({**scope, "method": "POST"}, receive, send)
    return int(statuses[0])


@needs_redis
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tries", "admitted", "limit"),
    [(2000, 100, "requests_per_minute"), (300, 20, "streams"), (300, 20, "tokens_per_day")],
)
async def test_concurrent_tries_over_two_replicas_admit_as_many_as_the_limit_says(
    redis: RedisServer, tries: int, admitted: int, limit: str
) -> None:
    """And as often the model is asked, and everything is settled in the end."""
    upstream = saying(gate := asyncio.Event(), DOCUMENT, usage=Usage(500, 500))
    each = expected(SummaryRequest(**BODY), max_tokens=None) if limit == "tokens_per_day" else 1
    settings = keyed(Settings(max_streams=tries), **{limit: admitted * each})
    async with asyncio.timeout(60), two_apps(redis, settings, upstream) as apps:
        statuses = Counter(await asyncio.gather(*(post_to(apps[n % 2]) for n in range(tries))))
        assert statuses == {202: admitted, 429: tries - admitted}
        while len(upstream.prompts) < admitted:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        gate.set()
        while any(len(app.state.service.runs) for app in apps):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        assert len(upstream.prompts) == admitted
        while redis.keys_like("alice:open"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)


@needs_redis
@pytest.mark.parametrize(("when_down", "code"), [("closed", "limiter_unavailable"), ("open", "log_unavailable")])
async def test_when_the_limiter_is_away(redis: RedisServer, when_down: Any, code: str) -> None:
    """STREAMSUM_LIMITER_DOWN says whether what cannot be counted is refused."""
    settings = replace(keyed(requests_per_minute=5), event_log=SecretStr(redis.url), limiter_down=when_down)
    async with served(saying(DOCUMENT), settings=settings) as at:
        await until_reached(at.service.log)
        assert (await summarise(at)).status_code == 200
        redis.pause()
        try:
            response = await summarise(at)
        finally:
            redis.resume()
        assert (response.status_code, response.json()["code"]) == (503, code)
        assert int(response.headers["retry-after"]) > 0
