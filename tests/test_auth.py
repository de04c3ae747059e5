"""Who calls: with keys, and at which doors."""

import ast
import asyncio
import hashlib
import inspect
import json
import logging
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.routing import Mount

from streamsum.api_key import digest_of
from streamsum.core.models import SummaryRequest
from streamsum.runs.log import Entry
from streamsum.settings import Settings
from streamsum.web.app import create_app, lifespan
from streamsum.web.auth import is_open
from streamsum.web.key_ring import KeyRing
from streamsum.web.paths import route_path
from streamsum.web.tickets import Tickets
from tests.asgi import scope_of
from tests.keys import ALICE, BOB, CAROL, bearer, keyed, toml
from tests.scripted import HANG, ScriptedUpstream
from tests.servers import LIMIT_S, Served, client_of, events_of, raw_client, served, serving

DOCUMENT = '{"bullets": ["The first.", "The second."]}'
HEAD = '{"bullets": ["The first."'
BODY = {"text": "Nothing much happened."}
UNKNOWN = "x" * 22
CLOSED = [
    ("POST", "/v1/summaries"),
    ("GET", "/v1/summaries?text=a"),
    ("GET", "/stream?q=a"),
    ("GET", f"/v1/summaries/{UNKNOWN}"),
    ("GET", f"/v1/summaries/{UNKNOWN}/events"),
    ("DELETE", f"/v1/summaries/{UNKNOWN}"),
    ("GET", "/v1/models"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
    ("PUT", "/v1/summaries"),
    ("OPTIONS", "/v1/summaries"),
    ("GET", "//healthz"),
    ("GET", "/healthz/"),
    ("GET", "/healthz/../v1/models"),
    ("GET", "/static"),
    ("GET", "/v1/models/%2e%2e/%2e%2e/healthz"),
]
NOT_KEYS = [
    {},
    {"Authorization": ""},
    {"Authorization": ALICE},
    {"Authorization": "Bearer"},
    {"Authorization": f"Basic {ALICE}"},
    {"Authorization": f"Bearer {ALICE}x"},
    {"Authorization": f"Bearer {ALICE[:-1]}"},
    {"Authorization": f"Bearer {ALICE.upper()}"},
    {"Authorization": f"Bearer {ALICE}, Bearer {ALICE}"},
    {"Authorization": f"Bearer {ALICE} {ALICE}"},
    {"Authorization": f'Bearer "{ALICE}"'},
    {"Authorization": f"Bearer {'x' * 10_000}"},
    {"Authorization": f"Bearer {CAROL}"},
    {"X-API-Key": ALICE},
    {"Cookie": f"key={ALICE}"},
]
KEYS_IN_QUERIES = [
    "key=x",
    "api_key=x",
    "api-key=x",
    "apiKey=",
    "X-API-Key=x",
    "access_token=x",
    "token=x",
    "Authorization=Bearer%20x",
    "%6bey=x",
    "q=a&secret=x",
    "subscription-key=x",
    "Ocp-Apim-Subscription-Key=x",
    "streamsum_key=x",
    "STREAMSUM_KEY=x",
    "openai_api_key=x",
    "client_secret=x",
    "id_token=x",
    "password=x",
    f"x={ALICE}",
    f"q={ALICE.replace('s', '%73')}",
]


def of(response: httpx2.Response) -> tuple[int, Any]:
    return response.status_code, response.json()["code"]


async def test_no_malformed_unknown_and_disabled_keys_are_answered_alike() -> None:
    """To the byte, so that nobody learns which; and nothing is spent."""
    upstream = ScriptedUpstream(script=[DOCUMENT])
    answers = set()
    async with served(upstream, settings=keyed()) as at:
        for headers in NOT_KEYS:
            response = await at.client.post("/v1/summaries", json=BODY, headers={**headers, "X-Request-ID": "r"})
            assert of(response) == (401, "unauthenticated"), headers
            assert response.headers["www-authenticate"] == "Bearer"
            fields = tuple(field for field in response.headers.items() if field[0] != "date")
            answers.add((response.content, fields))
    assert len(answers) == 1
    assert upstream.prompts == []


async def test_two_keys_are_none() -> None:
    """A request that could be read in two ways."""
    async with served(ScriptedUpstream(), settings=keyed()) as at, raw_client(at.port) as client:
        line = f"Authorization: Bearer {ALICE}\r\n"
        await client.send(f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{line}{line}\r\n".encode())
        assert (await client.head())[0] == 401


async def test_what_is_not_known_to_be_open_is_closed() -> None:
    """Whether there is such a route or not, by whatever method."""
    async with served(ScriptedUpstream(), settings=keyed()) as at:
        for method, path in CLOSED:
            async with raw_client(at.port) as client:
                await client.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert (await client.head())[0] == 401, (method, path)


async def test_head_is_closed_too() -> None:
    """And never opens a stream."""
    async with served(ScriptedUpstream(), settings=keyed()) as at:
        assert (await at.client.head("/stream?q=a")).status_code == 401


async def test_what_is_open_asks_for_nothing() -> None:
    """Also with a wrong key, or one in the query."""
    async with served(ScriptedUpstream(), settings=keyed()) as at:
        for path in ("/healthz", "/readyz", "/healthz?key=x"):
            for headers in ({}, bearer("wrong")):
                assert (await at.client.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/static/page.js"])
def test_the_page_and_the_documents_will_be_open(path: str) -> None:
    """As the contract has it."""
    assert is_open(path)


async def test_a_key_opens() -> None:
    """The scheme's case does not matter: RFC 9110, section 11.1."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=keyed()) as at:
        for scheme in ("Bearer", "bearer", "BEARER"):
            response = await at.client.post("/v1/summaries", json=BODY, headers={"Authorization": f"{scheme} {ALICE}"})
            assert events_of(response)[-1]["finish"] == "complete"


async def test_a_key_in_the_query_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Though there is a good one in its place: it stands in proxies' logs by now. Not in ours."""
    caplog.set_level(logging.DEBUG)
    async with served(ScriptedUpstream(), settings=keyed()) as at:
        for query in KEYS_IN_QUERIES:
            for path in ("/stream", "/v1/summaries", "/v1/models", f"/v1/summaries/{UNKNOWN}/events"):
                for headers in ({}, bearer()):
                    response = await at.client.get(f"{path}?{query}", headers=headers)
                    assert of(response) == (400, "key_in_query"), query
                    assert ALICE not in response.text
    assert ALICE not in "".join(record.getMessage() for record in caplog.records if record.name == "streamsum")


async def test_a_text_about_keys_is_a_text() -> None:
    """Only what is a key by name or form is refused."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=keyed()) as at:
        response = await at.client.get("/stream", params={"q": f"The key is {ALICE}."}, headers=bearer())
        assert response.status_code == 200
        assert (
            await at.client.get("/v1/models?keyboard=x&monkey=y&keys=z&tokens=1&author=a", headers=bearer())
        ).status_code == 200


class TestOwners:
    """Each key's summaries are its own."""

    async def begun(self, at: Served, **headers: str) -> str:
        response = await at.client.post("/v1/summaries", json=BODY, headers={**bearer(), **headers})
        return str(events_of(response)[0]["id"])

    async def test_another_keys_summary_is_as_one_that_does_not_exist(self) -> None:
        """To read, to follow, to resume and to cancel: the same bytes."""
        async with served(ScriptedUpstream(script=[DOCUMENT]), settings=keyed()) as at:
            id = await self.begun(at)
            cursor = {"Last-Event-ID": f"{id}:1"}
            requests: list[tuple[str, str, dict[str, str], int]] = [
                ("GET", f"/v1/summaries/{id}", {}, 404),
                ("DELETE", f"/v1/summaries/{id}", {}, 404),
                ("GET", f"/v1/summaries/{id}/events", {}, 404),
                ("GET", f"/v1/summaries/{id}/events", cursor, 410),
                ("GET", f"/v1/summaries/{id}/events?after={id}:1", {}, 410),
                ("GET", "/stream?q=a", cursor, 410),
                ("GET", "/v1/summaries?text=a", cursor, 410),
            ]
            for method, path, headers, status in requests:
                theirs = await at.client.request(method, path, headers={**bearer(BOB), **headers})
                nobodys = await at.client.request(
                    method,
                    path.replace(id, UNKNOWN),
                    headers={**bearer(BOB), **{name: value.replace(id, UNKNOWN) for name, value in headers.items()}},
                )
                assert theirs.status_code == status
                assert theirs.content == nobodys.content
            assert (await at.client.get(f"/v1/summaries/{id}", headers=bearer())).status_code == 200

    async def test_an_idempotency_key_of_another_key_is_another_one(self) -> None:
        """Each API key has a name space of its own."""
        upstream = ScriptedUpstream(script=[DOCUMENT])
        async with served(upstream, settings=keyed()) as at:
            name = {"Idempotency-Key": "order-7"}
            one = await self.begun(at, **name)
            assert await self.begun(at, **name) == one
            other = await at.client.post("/v1/summaries", json=BODY, headers={**bearer(BOB), **name})
            assert events_of(other)[0]["id"] != one
        assert len(upstream.prompts) == 2

    async def test_a_ticket_opens_one_summarys_events_and_nothing_else(self) -> None:
        """For an `EventSource`, which can send no header."""
        async with served(ScriptedUpstream(script=[DOCUMENT]), settings=keyed()) as at:
            accepted = await at.client.post("/v1/summaries", json=BODY, headers={**bearer(), "Prefer": "respond-async"})
            url = accepted.json()["events_url"]
            query = url.partition("?")[2]
            assert events_of(await at.client.get(url))[-1]["finish"] == "complete"
            assert events_of(await at.client.get(url, headers=bearer(BOB)))[-1]["finish"] == "complete"
            for path in (f"/v1/summaries/{UNKNOWN}/events", f"/v1/summaries/{accepted.json()['id']}/events"):
                for ticket in ("", "ticket=", "ticket=x", f"ticket={'x' * 999}"):
                    status = (await at.client.get(f"{path}?{ticket}")).status_code
                    assert status == (404 if ticket else 401)
            assert (await at.client.get(f"/v1/summaries/{UNKNOWN}/events?{query}")).status_code == 404
            for method, path in CLOSED:
                if "/events" not in path and not path.startswith("//"):
                    target = f"{path}{'&' if '?' in path else '?'}{query}"
                    assert (await at.client.request(method, target)).status_code == 401

    async def test_who_shows_a_ticket_reads_nothing_that_was_begun_without_a_key(self) -> None:
        """A server that has keys now may still have summaries from before."""
        log_settings = Settings()
        async with served(ScriptedUpstream(script=[DOCUMENT]), settings=log_settings) as at:
            id = events_of(await at.client.post("/v1/summaries", json=BODY))[0]["id"]
            async with served(ScriptedUpstream(), settings=keyed(), log=at.service.log) as now_keyed:
                for query in ("", "?ticket=", "?ticket=&ticket=x", f"?ticket=.{'0' * 64}"):
                    response = await now_keyed.client.get(f"/v1/summaries/{id}/events{query}")
                    assert response.status_code in {401, 404}

    async def test_a_key_may_name_its_own_models_only(self) -> None:
        """`models` in its entry: what it is offered, and what it is given without asking."""
        settings = keyed(models=frozenset({"parrot"}))
        async with served(ScriptedUpstream(script=[DOCUMENT]), settings=settings) as at:
            offered = (await at.client.get("/v1/models", headers=bearer())).json()["models"]
            assert [each["id"] for each in offered] == ["parrot"]
            assert (await at.client.post("/v1/summaries", json=BODY, headers=bearer())).status_code == 200
        upstream = ScriptedUpstream(script=[DOCUMENT])
        async with served(upstream, settings=keyed(models=frozenset({"crow"}))) as at:
            assert (await at.client.get("/v1/models", headers=bearer())).json() == {"models": []}
            assert of(await at.client.post("/v1/summaries", json=BODY, headers=bearer())) == (403, "forbidden")
            named = await at.client.post("/v1/summaries", json={**BODY, "model": "parrot"}, headers=bearer())
            assert of(named) == (422, "invalid_request")
            assert upstream.prompts == []
            assert (await at.client.post("/v1/summaries", json=BODY, headers=bearer(BOB))).status_code == 200


class TestRevoking:
    """A key that goes while its summaries run."""

    async def test_it_ends_its_summaries_and_opens_nothing_any_more(self, tmp_path: Path) -> None:
        """As by DELETE: the model is hung up, and who listens is told. Nobody else notices."""
        (file := tmp_path / "keys.toml").write_text(toml("alice", ALICE) + toml("bob", BOB))
        settings = Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
        upstream = ScriptedUpstream(script=[HEAD, HANG])
        async with served(upstream, settings=settings) as at:
            accepted = await at.client.post(
                "/v1/summaries", json=BODY, headers={**bearer(BOB), "Prefer": "respond-async"}
            )
            url = accepted.json()["events_url"]
            async with (
                at.client.sse("/v1/summaries", method="POST", json=BODY, headers=bearer()) as alices,
                at.client.sse("/v1/summaries", method="POST", json=BODY, headers=bearer(BOB)) as bobs,
            ):
                events = [aiter(alices), aiter(bobs)]
                for each in events:
                    assert [json.loads((await anext(each)).data)["type"] for _ in range(2)][1] == "bullet"
                file.write_text(toml("alice", ALICE))
                last = [json.loads(event.data) async for event in events[1]][-1]  # within LOOK_S
                assert (last["type"], last["finish"]) == ("summary.completed", "cancelled")
                async with asyncio.timeout(5):
                    # The last event is heard before the run has returned.
                    while len(at.service.runs) != 1:  # noqa: ASYNC110 - nothing tells of it
                        await asyncio.sleep(0)
                for path in ("/v1/models", f"/v1/summaries/{last.get('id', UNKNOWN)}"):
                    assert (await at.client.get(path, headers=bearer(BOB))).status_code == 401
                assert (await at.client.get(url)).status_code == 404
                assert (await at.client.get("/v1/models", headers=bearer())).status_code == 200

    async def test_a_key_that_is_made_anew_shuts_the_tickets_of_the_old_one(self, tmp_path: Path) -> None:
        """Under the same name: who had the old key may have its tickets. While both open, both kinds do."""
        (file := tmp_path / "keys.toml").write_text(toml("alice", ALICE))
        settings = Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
        wanted = {"Prefer": "respond-async"}
        async with served(ScriptedUpstream(script=[DOCUMENT]), settings=settings) as at:

            async def ticket_of(secret: str) -> str:
                response = await at.client.post("/v1/summaries", json=BODY, headers={**bearer(secret), **wanted})
                return str(response.json()["events_url"])

            old = await ticket_of(ALICE)
            digests = [digest_of(secret).hex() for secret in (ALICE, BOB)]
            file.write_text(f'[[keys]]\nname = "alice"\nsha256 = {json.dumps(digests)}\n')
            await changed(at)
            new = await ticket_of(BOB)
            assert [(await at.client.get(url)).status_code for url in (old, new)] == [200, 200]
            file.write_text(toml("alice", BOB))
            await changed(at)
            assert [(await at.client.get(url)).status_code for url in (old, new)] == [404, 200]

    async def test_a_changed_limit_holds_without_a_restart(self, tmp_path: Path) -> None:
        """Each of the three, one that comes and one that goes; what was counted and is reserved stays so."""
        (file := tmp_path / "keys.toml").write_text(toml("alice", ALICE))
        settings = Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
        async with served(ScriptedUpstream(script=[HEAD, HANG]), settings=settings) as at:

            async def begin() -> tuple[int, str]:
                body = {**BODY, "on_disconnect": "finish"}
                response = await at.client.post(
                    "/v1/summaries", json=body, headers={**bearer(), "Prefer": "respond-async"}
                )
                return response.status_code, response.json().get("code", "")

            assert await begin() == (202, "")
            for limits, answer in (
                (["requests_per_minute = 1", "streams = 1"], (202, "")),
                (["requests_per_minute = 1", "streams = 1"], (429, "rate_limited")),
                (["requests_per_minute = 99", "streams = 1"], (429, "too_many_streams")),
                (["streams = 2", "tokens_per_day = 1"], (429, "budget_exhausted")),
                (["streams = 2", "tokens_per_day = 2000"], (202, "")),
                (["streams = 9", "tokens_per_day = 2000"], (429, "budget_exhausted")),
                ([], (202, "")),
            ):
                file.write_text(toml("alice", ALICE, *limits))
                await changed(at)
                assert await begin() == answer, limits

    async def test_what_is_let_in_as_it_goes_ends_at_once(self, tmp_path: Path) -> None:
        """Between the door and the summary."""
        (file := tmp_path / "keys.toml").write_text(toml("alice", ALICE))
        settings = Settings.read({"STREAMSUM_KEYS_FILE": str(file)})
        upstream = ScriptedUpstream(script=[HEAD, HANG])
        async with served(upstream, settings=settings) as at:
            alice = at.service.keys.find(ALICE)
            assert alice is not None
            file.write_text(toml("bob", BOB))
            assert await at.service.keys.look()
            response = await at.client.post("/v1/summaries", json=BODY, headers=bearer())
            assert response.status_code == 401
            run = await at.service.runs.start(SummaryRequest(text="a"), key=alice)
            async with asyncio.timeout(LIMIT_S), at.service.log.listen(run.id, "alice", None) as listener:
                last = [entry async for entry in listener][-1]
            assert isinstance(last, Entry)
            assert json.loads(last.data)["finish"] == "cancelled"
        assert upstream.prompts == []


async def changed(at: Served) -> None:
    """Look at the file at once; the service does so every two seconds."""
    await at.service.keys.look()


async def test_below_a_path_keys_hold_as_at_the_root() -> None:
    """An app in another app: what is open there is open here, what is closed is closed, and references lead back."""
    app = create_app(keyed(requests_per_minute=9), upstream=ScriptedUpstream(script=[DOCUMENT]))

    outer = Starlette(routes=[Mount("/sums", app)])
    async with asyncio.timeout(LIMIT_S), lifespan(app), serving(outer) as port, client_of(port) as client:
        for path in ("/healthz", "/readyz", "/", "/docs", "/openapi.json", "/static/page.js"):
            assert (await client.get(f"/sums{path}")).status_code == 200, path
        for path in ("/v1/models", "/stream?q=a", "/nowhere", "/sums/healthz", "/healthz/", "//healthz"):
            assert of(await client.get(f"/sums{path}")) == (401, "unauthenticated"), path
        for path in ("/healthz", "/v1/models"):
            assert (await client.get(path, headers=bearer())).status_code == 404
        assert of(await client.get("/sums/v1/models?key=x", headers=bearer())) == (400, "key_in_query")
        response = await client.get("/sums/stream?q=a", headers=bearer())
        assert events_of(response)[-1]["finish"] == "complete"
        assert response.headers["ratelimit"].startswith('"requests";r=')
        assert (location := response.headers["location"]).startswith("/sums/v1/summaries/")
        assert (await client.get(location)).status_code == 401
        assert (await client.get(location, headers=bearer(BOB))).status_code == 404
        assert (await client.get(location, headers=bearer())).json()["status"] == "completed"
        accepted = await client.post("/sums/v1/summaries", json=BODY, headers={**bearer(), "Prefer": "respond-async"})
        assert (url := accepted.json()["events_url"]).startswith("/sums/v1/summaries/")
        assert events_of(await client.get(url))[-1]["finish"] == "complete"


@pytest.mark.parametrize("function", [KeyRing.find, Tickets.key_of], ids=lambda each: each.__qualname__)
def test_what_opens_is_compared_in_constant_time(function: Callable[..., object]) -> None:
    """By `hmac.compare_digest` alone: no `==`, no dict, nothing whose time would tell how much of it was right."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    called = [node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")]
    assert called.count("compare_digest") == 1
    equal = [node for node in ast.walk(tree) if isinstance(node, ast.Eq | ast.NotEq | ast.In | ast.NotIn)]
    assert equal == []
    assert digest_of(ALICE) == hashlib.sha256(ALICE.encode()).digest()


async def test_with_keys_another_page_may_start_by_get() -> None:
    """A key is what no browser sends by itself."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), settings=keyed()) as at:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await at.client.get("/stream?q=a", headers=headers)).status_code == 401
        assert (await at.client.get("/stream?q=a", headers={**headers, **bearer()})).status_code == 200


async def test_with_keys_any_name_and_address_will_do() -> None:
    """The loopback door is lifted."""
    async with served(ScriptedUpstream(), settings=keyed()) as at:
        response = await at.client.get("/v1/models", headers={"Host": "summaries.example", **bearer()})
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("", "/healthz"),
        ("/api", "/api/healthz"),
        ("/api", "/apihealthz"),
        ("/api", "/api"),
        ("/api", "/healthz"),
        ("/api", "/api//healthz"),
        ("/api/", "/api/healthz"),
        ("/a/b", "/a/b/v1/models"),
    ],
)
def test_the_door_and_the_router_see_the_same_path(root: str, path: str) -> None:
    """Wherever the app is mounted."""
    scope = scope_of(path, root_path=root)
    assert route_path(scope) == get_route_path(scope)
