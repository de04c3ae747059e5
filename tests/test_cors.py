"""Pages elsewhere: which may call, and what they may see of an answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from streamsum.settings import Settings
from tests.keys import bearer, keyed
from tests.scripted import ScriptedUpstream
from tests.servers import Served, served

DOCUMENT = '{"bullets": ["The first."]}'
BODY = {"text": "Nothing much happened."}
APP, EVIL = "https://app.example", "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, last-event-id, prefer",
}


@asynccontextmanager
async def one() -> AsyncIterator[Served]:
    settings = keyed(Settings(cors_origins=(APP, "http://127.0.0.1:5173")), requests_per_minute=100)
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=settings) as at:
        yield at


def granted(response: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


async def test_a_preflight_needs_no_key() -> None:
    """A browser cannot send one with it; the request that follows needs one."""
    async with one() as at:
        response = await at.client.options("/v1/summaries", headers={"Origin": APP, **PREFLIGHT})
        assert (response.status_code, response.content) == (204, b"")
        fields = granted(response)
        assert fields["access-control-allow-origin"] == APP
        assert fields["access-control-allow-methods"] == "GET, POST, DELETE"
        allowed = {each.strip().lower() for each in fields["access-control-allow-headers"].split(",")}
        assert {
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
            "prefer",
            "x-request-id",
        } <= allowed
        assert "access-control-allow-credentials" not in fields
        assert "Origin" in response.headers["vary"]
        assert (await at.client.post("/v1/summaries", json=BODY, headers={"Origin": APP})).status_code == 401


async def test_an_allowed_page_sees_what_it_needs() -> None:
    """Of streams, and of errors; no cookies, ever."""
    async with one() as at:
        for headers, status in (({}, 401), (bearer(), 200)):
            response = await at.client.post("/v1/summaries", json=BODY, headers={"Origin": APP, **headers})
            assert response.status_code == status
            assert granted(response) == {
                "access-control-allow-origin": APP,
                "access-control-expose-headers": "Location, X-Request-ID, Retry-After, RateLimit",
            }
            assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "app.example"],
)
async def test_any_other_page_sees_nothing(origin: str) -> None:
    """As if there were no CORS at all: scheme, name and port must be the same."""
    async with one() as at:
        for response in (
            await at.client.options("/v1/summaries", headers={"Origin": origin, **PREFLIGHT}),
            await at.client.post("/v1/summaries", json=BODY, headers={"Origin": origin, **bearer()}),
        ):
            assert granted(response) == {}
        preflight = await at.client.options("/v1/summaries", headers={"Origin": origin, **PREFLIGHT})
        assert preflight.status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"Access-Control-Request-Method": "PUT"},
        {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-evil"},
        {"Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"},
    ],
)
async def test_what_no_route_takes_is_refused(asked: dict[str, str]) -> None:
    """With a problem, as all errors are."""
    async with one() as at:
        response = await at.client.options("/v1/summaries", headers={"Origin": APP, **asked})
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_star_lets_any_page_call_and_none_with_credentials() -> None:
    """It must still bring a key."""
    settings = keyed(Settings(cors_origins=("*",)))
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=settings) as at:
        for origin in (APP, EVIL, "null"):
            response = await at.client.get("/v1/models", headers={"Origin": origin, **bearer()})
            assert response.status_code == 200
            assert granted(response)["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in response.headers
            assert (await at.client.get("/v1/models", headers={"Origin": origin})).status_code == 401


async def test_an_options_that_is_no_preflight_is_no_exception() -> None:
    """It needs a key, and no route has it."""
    async with one() as at:
        assert (await at.client.options("/v1/summaries", headers={"Origin": APP})).status_code == 401
        assert (await at.client.options("/v1/summaries", headers={"Origin": APP, **bearer()})).status_code == 405
