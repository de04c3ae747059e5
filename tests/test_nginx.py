"""The example configuration of examples/nginx.conf, in a real nginx before the real service."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.fake_upstream import FakeUpstream, Script, answer, bullets
from tests.held import halved
from tests.nginx import EXAMPLE, Nginx, knows_format, needs_nginx, nginx
from tests.servers import LIMIT_S, served, settings_for

pytestmark = needs_nginx

CANARY = "xyzzy-canary"
DOCUMENT = bullets("The first.", "The second.")
BODY = {"text": f"Nothing much happened, said {CANARY}."}


def client_of(front: Nginx) -> httpx2.AsyncClient:
    url = f"https://127.0.0.1:{front.port}"
    return httpx2.AsyncClient(base_url=url, verify=front.trust, trust_env=False, timeout=LIMIT_S)


@asynccontextmanager
async def proxied(script: Script, folder: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, FakeUpstream]]:
    """A client of nginx, which stands before a service, which asks a fake model; all over real connections."""
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        nginx(folder, before=at.port) as front,
        client_of(front) as client,
    ):
        yield client, model


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_events_arrive_one_by_one(method: str, tmp_path: Path) -> None:
    """Though the client takes gzip: the first bullet is here while the model is still at the second."""
    how: dict[str, Any] = {"json": BODY} if method == "POST" else {"params": BODY}
    gate, script = halved()
    async with (
        proxied(script, tmp_path) as (client, _),
        client.sse("/v1/summaries", method=method, headers={"Accept-Encoding": "gzip"}, **how) as source,
    ):
        assert "content-encoding" not in source.response.headers
        events = aiter(source)
        assert [(await anext(events)).event for _ in range(2)] == ["summary.created", "bullet"]
        gate.open()
        assert [event.event async for event in events] == ["bullet", "summary.completed"]


async def test_what_is_sent_at_once_is_compressed(tmp_path: Path) -> None:
    """So it was switched on, and passed over the stream by its type."""
    long = bullets(*(f"The sentence number {number} of ten, a little longer." for number in range(10)))
    async with proxied(answer(long), tmp_path) as (client, _):
        response = await client.post(
            "/v1/summaries", json=BODY | {"stream": False, "max_bullets": 10}, headers={"Accept-Encoding": "gzip"}
        )
        assert response.headers["content-encoding"] == "gzip"
        assert len(response.json()["bullets"]) == 10


async def test_a_client_that_leaves_hangs_up_the_model(tmp_path: Path) -> None:
    """nginx passes it on."""
    gate, script = halved()
    async with proxied(script, tmp_path) as (client, model):
        async with client.sse("/v1/summaries", method="POST", json=BODY | {"on_disconnect": "cancel"}) as source:
            await gate.reached()
            assert source.response.status_code == 200
        assert await model.calls[0].closed() == "hung_up"


async def test_a_large_body_is_refused_by_the_service(tmp_path: Path) -> None:
    """In its own words, not in nginx's."""
    async with proxied(answer(DOCUMENT), tmp_path) as (client, _):
        response = await client.post("/v1/summaries", json={"text": "a" * (1 << 20)})
        assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def test_a_long_query_is_refused_by_the_service(tmp_path: Path) -> None:
    """8 KiB are nginx's own limit for a line, if it is not told otherwise."""
    async with proxied(answer(DOCUMENT), tmp_path) as (client, _):
        response = await client.get("/stream", params={"q": "a" * 9000})
        assert (response.status_code, response.json()["code"]) == (414, "uri_too_long")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_what_is_for_machines_is_not_shown(path: str, tmp_path: Path) -> None:
    """Not by that door."""
    async with proxied(answer(DOCUMENT), tmp_path) as (client, _):
        assert (await client.get(path)).status_code == 404


async def test_no_text_is_logged(tmp_path: Path) -> None:
    """Neither of a query that was answered, nor of one whose service is gone."""
    async with FakeUpstream(answer(DOCUMENT)) as model, served(None, settings=settings_for(model)) as at:
        assert await logged(tmp_path, before=at.port) == ['"GET /stream HTTP/1.1" 200']
    assert await logged(tmp_path, before=at.port) == ['"GET /stream HTTP/1.1" 200', '"GET /stream HTTP/1.1" 502']


async def test_no_text_is_logged_when_it_has_no_connections_left(tmp_path: Path) -> None:
    """That is an alert, which is graver than `crit`; and it quotes the request line as any error does."""
    async with FakeUpstream(answer(DOCUMENT)) as model, served(None, settings=settings_for(model)) as at:
        # One is the listener's, one this client's: there is none for the service.
        async with nginx(tmp_path, before=at.port, connections=2) as front, client_of(front) as client:
            response = await client.get("/stream", params={"q": BODY["text"]})
        said = front.logged()
    assert response.status_code == 500, "there were connections left: this proves nothing"
    assert CANARY not in said


def test_the_formats_that_the_documentation_gives_are_nginxs() -> None:
    """Each variable is one that there is; and none but `$request`, which is warned of, has the query in it."""
    text = (EXAMPLE.parent.parent / "docs/operations.md").read_text()
    found = [each.removeprefix("log-format: ").strip("'") for each in re.findall(r"`([^`\n]*\$[a-z][^`\n]*)`", text)]
    assert len(found) == 3
    assert [each for each in found if re.search(r"\$(request|request_uri|args|query_string)\b", each)] == ["$request"]
    for each in found:
        assert knows_format(each), each
    assert not knows_format("$method")


async def logged(folder: Path, *, before: int) -> list[str]:
    """Ask for something with text in its query; what nginx has logged by its end: the requests, without times."""
    async with nginx(folder, before=before) as front, client_of(front) as client:
        await client.get("/stream", params={"q": BODY["text"]})
    said = front.logged()
    assert CANARY not in said
    return re.findall(r'"[^"]+" [0-9]{3}', said)
