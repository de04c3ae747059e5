"""By which addresses and names one may come in."""

import json

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streamsum.errors import RequestRefused
from streamsum.web.doors import Doors, is_loopback, refuse_foreign_pages
from tests.asgi import Wire, scope_of


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await Response(status_code=204)(scope, receive, send)


async def status_of(scope: Scope, *, local_only: bool = True, hosts: tuple[str, ...] = ()) -> int:
    wire = Wire()
    await wire.run(Doors(inside, local_only=local_only, hosts=hosts), scope)
    if wire.status == 403:
        assert wire.headers["content-type"] == "application/problem+json"
        assert json.loads(wire.body)["code"] == "forbidden"
    return wire.status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:80", "127.8.9.10:65535", "[::1]", "[::1]:8080"],
)
async def test_a_loopback_name_opens(host: str) -> None:
    """On any port."""
    assert await status_of(scope_of(headers={"host": host})) == 204


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "localhost.example.org",
        "localhost.",
        "127.0.0.1.example.org",
        "127.0.0.1.nip.io:80",
        "128.0.0.1",
        "10.127.0.0",
        "0.0.0.0",  # noqa: S104 - to be refused
        "[::2]",
        "::1",
        "localhost:x",
        "localhost:80:80",
        "user@localhost",
        "localhost\n",
        "1270.0.0.1",
    ],
)
async def test_any_other_name_does_not(host: str) -> None:
    """A name that somebody points at 127.0.0.1 is not ours."""
    assert await status_of(scope_of(headers={"host": host})) == 403


async def test_no_name_or_two_do_not_open() -> None:
    """HTTP/1.0, and a request that could be read in two ways."""
    assert await status_of(scope_of(raw=[])) == 403
    assert await status_of(scope_of(raw=[(b"host", b"localhost")] * 2)) == 403


@pytest.mark.parametrize(
    ("server", "status"),
    [
        (("127.0.0.1", 80), 204),
        (("127.1.2.3", 80), 204),
        (("::1", 80), 204),
        (("::ffff:127.0.0.1", 80), 204),
        (("/run/streamsum.sock", None), 204),
        (None, 204),
        (("192.0.2.1", 80), 403),
        (("0.0.0.0", 80), 403),  # noqa: S104 - to be refused
        (("::", 80), 403),
        (("::ffff:192.0.2.1", 80), 403),
        (("localhost", 80), 403),
    ],
)
async def test_the_address_must_be_loopback(server: tuple[str, int | None] | None, status: int) -> None:
    """The socket's own, which nobody can claim; a unix socket has none."""
    assert await status_of(scope_of(server=server)) == status


async def test_with_keys_or_by_the_operators_word_all_may_come_in() -> None:
    """STREAMSUM_KEYS_FILE, STREAMSUM_NO_KEYS=1: neither address nor name matters."""
    elsewhere = scope_of(headers={"host": "example.org"}, server=("192.0.2.1", 80))
    assert await status_of(elsewhere, local_only=False) == 204


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("summaries.example", 204),
        ("Summaries.Example:8443", 204),
        ("[2001:db8::1]:80", 204),
        ("evil.example", 403),
        ("localhost", 403),
        ("x.summaries.example", 403),
        ("summaries.example.evil.example", 403),
        ("summaries.example:80:80", 403),
        ("evil@summaries.example", 403),
        ("summaries.example/", 403),
        ("", 403),
    ],
)
async def test_by_its_own_names_only(host: str, status: int) -> None:
    """STREAMSUM_TRUSTED_HOSTS, on any port."""
    scope = scope_of("/v1/models", headers={"host": host}, server=("192.0.2.1", 80))
    assert await status_of(scope, local_only=False, hosts=("summaries.example", "[2001:db8::1]")) == status


async def test_two_names_are_none() -> None:
    """A request that could be read in two ways, and HTTP/1.0."""
    for raw in ([(b"host", b"a.example")] * 2, []):
        assert await status_of(scope_of("/v1/models", raw=raw), local_only=False, hosts=("a.example",)) == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_who_probes_knows_no_name(path: str) -> None:
    """An orchestrator asks by address; without keys it still has to be a loopback one."""
    scope = scope_of(path, headers={"host": "10.1.2.3:8080"}, server=("10.1.2.3", 8080))
    assert await status_of(scope, local_only=False, hosts=("a.example",)) == 204
    assert await status_of(scope, local_only=True, hosts=("a.example",)) == 403


async def test_without_keys_a_trusted_name_is_no_way_in() -> None:
    """Both must be right."""
    scope = scope_of("/v1/models", headers={"host": "a.example"})
    assert await status_of(scope, local_only=True, hosts=("a.example",)) == 403


async def test_what_is_no_request_passes() -> None:
    """A lifespan has neither address nor name."""
    wire = Wire()
    await wire.run(Doors(inside, local_only=True), {"type": "lifespan"})
    assert wire.sent == []


@pytest.mark.parametrize("address", ["localhost", "", "127.0.0.1:80", "127.1"])
def test_a_name_is_no_loopback_address(address: str) -> None:
    """Only what is written as an address is one."""
    assert not is_loopback(address)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Sec-Purpose": "something"}],
)
def test_our_own_page_and_plain_clients_may_start(headers: dict[str, str]) -> None:
    """Also whoever types the address."""
    refuse_foreign_pages(Headers(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch;anonymous-client-ip"},
    ],
)
def test_a_page_elsewhere_may_not_start(headers: dict[str, str]) -> None:
    """Nor may a browser that only guesses what its user will want."""
    with pytest.raises(RequestRefused) as refusal:
        refuse_foreign_pages(Headers(headers))
    assert refusal.value.problem.status == 403
