"""What every response carries."""

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streamsum.web.envelope import Envelope
from tests.asgi import Wire, scope_of

OWN = {"Cache-Control": "no-transform", "Content-Security-Policy": "default-src 'self'"}


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        headers = {"X-Seen": scope["state"]["request_id"], **(OWN if scope["path"] == "/own" else {})}
        await Response(headers=headers)(scope, receive, send)


async def headers_for(path: str = "/", **headers: str) -> dict[str, str]:
    wire = Wire()
    await wire.run(Envelope(inside), scope_of(path, headers=headers))
    return wire.headers


@pytest.mark.parametrize("given", ["a", "Az09._-", "x" * 128])
async def test_the_callers_request_id_comes_back(given: str) -> None:
    """If it is one."""
    assert (await headers_for(**{"x-request-id": given}))["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\r\nSet-Cookie: b", "a/b", "é"])
async def test_anything_else_gets_a_new_one(given: str) -> None:
    """Nothing of it is echoed."""
    found = (await headers_for(**{"x-request-id": given}))["x-request-id"]
    assert len(found) == 32
    assert int(found, 16) >= 0


async def test_every_request_has_its_own_id() -> None:
    """Two without one are told apart."""
    assert (await headers_for())["x-request-id"] != (await headers_for())["x-request-id"]


async def test_what_follows_finds_the_id() -> None:
    """For whatever it has to record."""
    headers = await headers_for()
    assert headers["x-seen"] == headers["x-request-id"]


async def test_a_browser_is_kept_honest() -> None:
    """Nothing is stored, guessed, framed, run or told on; a response that knows better says so."""
    headers = await headers_for()
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    own = await headers_for("/own")
    assert (own["cache-control"], own["content-security-policy"]) == tuple(OWN.values())
    assert own["x-content-type-options"] == "nosniff"


async def test_what_is_no_request_passes() -> None:
    """A lifespan has no headers."""
    wire = Wire()
    await wire.run(Envelope(inside), {"type": "lifespan"})
    assert wire.sent == []
