"""Both clients against the real server, over a network that fails: the same events, told once, for one summary."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import httpx2
import pytest

from streamsum.client import AsyncClient, Client, NotFound, NotStreamsum, Persistence, StreamCut, Unreachable
from streamsum.client.asking import CANCEL_S
from streamsum.core.events import Bullet, Event, SummaryCompleted, SummaryFailed
from streamsum.core.passes import Cause, End
from streamsum.core.sse import encode
from streamsum.settings import Settings
from tests.scripted import HANG, ScriptedUpstream
from tests.servers import Served, client_of, get, raw_client, served
from tests.tcp_proxy import TcpProxy, tcp_proxy

TEXT = "The lamp was lit in 1698. A storm took it in 1703. Smeaton built it anew."
BULLETS = ["The lamp was lit in 1698.", "A storm took it in 1703.", "Smeaton built it anew."]
DOCUMENT = '{"bullets": ["' + '", "'.join(BULLETS) + '"]}'
HALF = DOCUMENT[: DOCUMENT.index(", ")]
NOTHING: Mapping[int, Callable[[], None]] = MappingProxyType({})


def _nothing() -> None:
    pass


@dataclass
class Kind:
    """One of the two clients, used in the same way; its pauses are noted, and not waited for."""

    name: str
    pauses: list[float] = field(default_factory=list)

    async def read(
        self,
        url: str,
        what: Callable[[Any], Any],
        *,
        leave_after: int | None = None,
        at_event: Mapping[int, Callable[[], None]] = NOTHING,
        **options: Any,
    ) -> list[Event]:
        """The events of `what(client)`, up to so many; `at_event`: what is to happen when so many have come."""
        if self.name == "sync":
            loop = asyncio.get_running_loop()
            there = {n: partial(loop.call_soon_threadsafe, each) for n, each in at_event.items()}
            return await asyncio.to_thread(self._read, url, what, leave_after, there, options)
        events: list[Event] = []
        async with (
            AsyncClient(url, sleep=self._note, draw=lambda: 0.0, **options) as client,
            what(client) as following,
        ):
            async for event in following:
                events.append(event)
                at_event.get(len(events), _nothing)()
                if len(events) == leave_after:
                    break
        return events

    def _read(
        self,
        url: str,
        what: Callable[[Any], Any],
        leave_after: int | None,
        at_event: Mapping[int, Callable[[], Any]],
        options: dict[str, Any],
    ) -> list[Event]:
        events: list[Event] = []
        with Client(url, sleep=self.pauses.append, draw=lambda: 0.0, **options) as client:
            for event in what(client):  # no block around it: leaving the loop is enough
                events.append(event)
                at_event.get(len(events), _nothing)()
                if len(events) == leave_after:
                    break
        return events

    async def _note(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


@asynccontextmanager
async def behind_a_network(upstream: ScriptedUpstream, **settings: Any) -> AsyncIterator[tuple[Served, TcpProxy, str]]:
    async with served(upstream, settings=Settings(**settings)) as service, tcp_proxy(service.port) as proxy:
        yield service, proxy, f"http://127.0.0.1:{proxy.port}"


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Bullet)]


def summarize(client: Any) -> Any:
    return client.summarize(TEXT, max_bullets=4)


async def test_events_come_typed_and_in_order(kind: Kind) -> None:
    """From the first to the last."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as service:
        events = await kind.read(f"http://127.0.0.1:{service.port}", summarize)
    assert [event.type for event in events] == ["summary.created", *["bullet"] * 3, "summary.completed"]
    assert texts(events) == BULLETS


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_stream_cut_anywhere_is_read_to_its_end(kind: Kind, end: Any) -> None:
    """In the head, in an event, between two of them: each event once, one summary, one call of the model."""
    upstream = ScriptedUpstream(script=[DOCUMENT])
    async with behind_a_network(upstream) as (service, proxy, url):
        whole = await kind.read(url, summarize)
        length = len((await service.client.get(f"/v1/summaries/{whole[0].id}/events")).content)  # type: ignore[union-attr]
        for after in range(1, length, length // 12):
            proxy.cut_next(after, end)
            calls = len(upstream.prompts)
            events = await kind.read(url, summarize)
            assert [event.type for event in events] == [event.type for event in whole]
            assert texts(events) == BULLETS
            assert len(upstream.prompts) == calls + 1
            assert kind.pauses.pop() in {0.5, 2.0}  # nothing known of it yet; the server's word
            assert kind.pauses == []


async def test_many_cuts_in_a_row_are_survived_as_long_as_something_new_comes(kind: Kind) -> None:
    """Each connection brings an event or two."""
    async with behind_a_network(ScriptedUpstream(script=[DOCUMENT])) as (service, proxy, url):
        whole = await kind.read(url, summarize)
        async with raw_client(service.port) as client:
            await client.send(get(f"/v1/summaries/{whole[0].id}/events"))  # type: ignore[union-attr]
            head = len(await client.reader.readuntil(b"\r\n\r\n"))
        longest = max(len(encode(event)) for event in whole)

        def follow_cut(client: Any) -> Any:
            return client.follow(whole[0].id)  # type: ignore[union-attr]

        proxy.cut_each(head + longest + 100, "reset")
        events = await kind.read(url, follow_cut, persistence=Persistence(resumes=2))
    assert events == whole
    assert len(kind.pauses) > 1


async def test_a_server_that_is_gone_for_good_is_an_error(kind: Kind) -> None:
    """After as many tries as were allowed; what came before stands."""
    upstream = ScriptedUpstream(script=[HALF, HANG])
    async with behind_a_network(upstream) as (_, proxy, url):
        with pytest.raises(StreamCut) as cut:
            await kind.read(url, summarize, at_event={2: proxy.break_off}, persistence=Persistence(resumes=3))
        assert cut.value.n == 2
        assert kind.pauses == [2.0, 4.0]


async def test_nobody_at_the_address_is_an_error(kind: Kind) -> None:
    """After a few tries, within about a second and a half."""
    async with served(ScriptedUpstream()) as service:
        url = f"http://127.0.0.1:{service.port}"
    with pytest.raises(Unreachable):
        await kind.read(url, summarize)
    assert kind.pauses == [0.5, 1.0]


async def test_leaving_early_stops_the_model(kind: Kind) -> None:
    """At once: nobody waits for the grace that the server gives to who may come back."""
    upstream = ScriptedUpstream(script=[HALF, HANG])
    async with served(upstream, settings=Settings(grace_s=60)) as service:
        events = await kind.read(f"http://127.0.0.1:{service.port}", summarize, leave_after=2)
        await upstream.closed.wait()
        shown = (await service.client.get(f"/v1/summaries/{events[0].id}")).json()  # type: ignore[union-attr]
    assert shown["ledger"]["finish"] == "cancelled"


@pytest.mark.parametrize("is_kept", [False, True], ids=["left", "open"])
async def test_closing_the_client_stops_what_was_left(kind: Kind, is_kept: bool) -> None:
    """And what is still open: without a block around the events the loop may not have got round to them before."""
    upstream = ScriptedUpstream(script=[HALF, HANG])
    async with served(upstream, settings=Settings(grace_s=60)) as service:
        events = await open_half(kind, f"http://127.0.0.1:{service.port}", is_kept=is_kept)
        async with asyncio.timeout(5):
            await upstream.closed.wait()
        shown = (await service.client.get(f"/v1/summaries/{events[0].id}")).json()  # type: ignore[union-attr]
    assert shown["ledger"]["finish"] == "cancelled"


async def open_half(kind: Kind, url: str, *, is_kept: bool) -> list[Event]:
    """Two events; their iterator outlives the client, or only the loop over it."""
    if kind.name == "sync":
        return await asyncio.to_thread(_open_half, url, is_kept)
    async with AsyncClient(url) as client:
        following = summarize(client)
        events = [await anext(following), await anext(following)]
        if not is_kept:
            del following
    if is_kept:
        await following.aclose()
    return events


def _open_half(url: str, is_kept: bool) -> list[Event]:
    with Client(url) as client:
        following = summarize(client)
        events = [next(following), next(following)]
        if not is_kept:
            del following
    if is_kept:
        following.close()
    return events


async def test_as_many_streams_as_are_asked_for_run_at_once() -> None:
    """None waits for a connection of another: the library has 100 by default, and a stream keeps its own."""
    upstream = ScriptedUpstream(script=[HALF, HANG])
    async with (
        served(upstream) as service,
        AsyncClient(f"http://127.0.0.1:{service.port}") as client,
        asyncio.timeout(30),
    ):
        streams = [summarize(client) for _ in range(101)]
        await asyncio.gather(*(anext(each) for each in streams))
        await asyncio.gather(*(each.aclose() for each in streams))


async def test_leaving_before_the_first_event_stops_the_model() -> None:
    """The status is held until the model's first content: the summary has no id yet that the client knows."""
    upstream = ScriptedUpstream(connecting=[60.0])
    async with (
        served(upstream, settings=Settings(grace_s=60)) as service,
        AsyncClient(f"http://127.0.0.1:{service.port}") as client,
    ):
        leaving = asyncio.create_task(anext(summarize(client)))
        await upstream.called.wait()
        leaving.cancel()
        await asyncio.wait([leaving])
        async with asyncio.timeout(5):
            await upstream.closed.wait()
    assert len(upstream.prompts) == 1


async def test_giving_up_before_the_first_event_stops_the_model(kind: Kind) -> None:
    """What was sent and never answered may run."""
    upstream = ScriptedUpstream(connecting=[60.0])
    async with behind_a_network(upstream, grace_s=60, first_byte_s=0.05) as (_, proxy, url):
        proxy.cut_next(1, "close")
        with pytest.raises(Unreachable):
            await kind.read(url, summarize, persistence=Persistence(starts=1))
        async with asyncio.timeout(5):
            await upstream.closed.wait()
    assert len(upstream.prompts) == 1


def test_a_script_that_leaves_waits_for_no_more_than_a_few_seconds() -> None:
    """All told: what is over of them when the summary's id is known is what is left to cancel it."""
    answered_s, asked = 0.2, list[tuple[str, float]]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        timeout = request.extensions["timeout"]
        asked.append((request.method, timeout["connect"] + timeout["read"]))
        if "Prefer" not in request.headers:
            raise httpx2.ReadError("cut")
        time.sleep(answered_s)
        return httpx2.Response(202, headers={"Location": f"/v1/summaries/{'A' * 22}"})

    http = httpx2.Client(base_url="http://x", transport=httpx2.MockTransport(answer))
    with http, pytest.raises(Unreachable):
        next(Client(http=http, persistence=Persistence(starts=1)).summarize(TEXT))
    (_, joining_s), (last, cancelling_s) = asked[1:]
    assert last == "DELETE"
    assert joining_s <= CANCEL_S
    assert cancelling_s <= CANCEL_S - answered_s


async def test_who_wants_it_finished_may_leave(kind: Kind) -> None:
    """`on_disconnect="finish"`: leaving cancels nothing."""
    gate = asyncio.Event()
    upstream = ScriptedUpstream(script=[HALF, gate, DOCUMENT[len(HALF) :]])

    def finished(client: Any) -> Any:
        return client.summarize(TEXT, on_disconnect="finish")

    async with served(upstream) as service:
        events = await kind.read(f"http://127.0.0.1:{service.port}", finished, leave_after=2)
        gate.set()
        followed = await kind.read(
            f"http://127.0.0.1:{service.port}",
            lambda client: client.follow(events[0].id, after=2),  # type: ignore[union-attr]
        )
    assert texts(followed) == BULLETS[1:]


async def test_what_fails_once_it_runs_is_an_event(kind: Kind) -> None:
    """As for who summarises without a server."""
    upstream = ScriptedUpstream(script=[HALF], ended=End(Cause.CUT))
    async with served(upstream) as service:
        events = await kind.read(f"http://127.0.0.1:{service.port}", summarize)
    assert isinstance(events[-1], SummaryFailed)
    assert texts(events) == BULLETS[:1]


async def test_the_same_key_is_the_same_summary(kind: Kind) -> None:
    """By default each call has one of its own."""
    upstream = ScriptedUpstream(script=[DOCUMENT])
    async with served(upstream) as service:
        url = f"http://127.0.0.1:{service.port}"
        for _ in range(2):
            await kind.read(url, lambda client: client.summarize(TEXT, idempotency_key="k"))
        assert len(upstream.prompts) == 1
        for _ in range(2):
            await kind.read(url, summarize)
        assert len(upstream.prompts) == 3


async def test_previews_are_events_too(kind: Kind) -> None:
    """The open bullet as it grows."""
    async with served(ScriptedUpstream(script=['{"bullets": ["A lamp', 0.01, ' was lit."]}'])) as service:
        events = await kind.read(
            f"http://127.0.0.1:{service.port}", lambda client: client.summarize(TEXT, preview=True)
        )
    assert [event.type for event in events][1:3] == ["bullet.delta", "bullet"]


async def test_the_rest_of_the_api_is_typed_too() -> None:
    """`show`, `cancel`, `models`."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as service:
        async with AsyncClient(f"http://127.0.0.1:{service.port}") as client:
            events = [event async for event in client.summarize(TEXT)]
            last = events[-1]
            id = events[0].id  # type: ignore[union-attr]
            shown = await client.show(id)
            assert isinstance(last, SummaryCompleted)
            assert shown.ledger is not None
            assert shown.ledger.digest == last.digest
            assert [each.text for each in shown.bullets] == BULLETS
            assert [each.id for each in await client.models()] == ["parrot"]
            await client.cancel(id)
            with pytest.raises(NotFound):
                await client.show(id)

        def in_a_script() -> None:
            with Client(f"http://127.0.0.1:{service.port}") as client:
                events = client.summarize(TEXT)
                assert events.id is None
                assert isinstance(list(events)[-1], SummaryCompleted)
                id = str(events.id)
                assert client.show(id).status == "completed"
                assert client.models()[0].default
                client.cancel(id)
                with pytest.raises(NotFound):
                    list(client.follow(id))

        await asyncio.to_thread(in_a_script)
    async with AsyncClient(f"http://127.0.0.1:{service.port}") as client:
        with pytest.raises(Unreachable):
            await client.models()
    with Client(f"http://127.0.0.1:{service.port}") as script, pytest.raises(Unreachable):
        script.models()


async def test_a_key_is_sent_as_the_server_wants_it() -> None:
    """`Authorization: Bearer`; in nothing that is printed."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, AsyncClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", key="ssk_x") as client:
        with pytest.raises(NotStreamsum, match="403"):
            await client.models()
        assert "ssk_x" not in repr(vars(client))
    assert b"\r\nauthorization: bearer ssk_x\r\n" in asked[0].lower()


async def test_what_a_proxy_compressed_badly_is_an_error_of_ours(kind: Kind) -> None:
    """Not the HTTP library's."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
        writer.write(head + b"\r\nno gzip at all")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unreachable, match="compressed"):
            await kind.read(url, lambda client: client.follow("A" * 22), persistence=Persistence(resumes=2))
        with Client(url) as script, pytest.raises(Unreachable, match="compressed"):
            await asyncio.to_thread(script.models)
        async with AsyncClient(url) as client:
            with pytest.raises(Unreachable, match="compressed"):
                await client.models()


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("ftp://x", None),
        ("127.0.0.1:8080", None),
        ("http://[::1", None),
        ("http://ü..de", None),
        ("http://x", "a\nb"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(url: str, key: str | None) -> None:
    """By whoever makes the client."""
    with pytest.raises(ValueError, match=r"http://|key"):
        Client(url, key=key)


async def test_a_client_of_ones_own_is_not_closed() -> None:
    """It is whoever's made it."""
    async with served(ScriptedUpstream(script=[DOCUMENT])) as service, client_of(service.port) as http:
        async with AsyncClient(http=http) as client:
            assert await client.models()
        assert not http.is_closed


def test_the_client_loads_nothing_of_the_service() -> None:
    """A script should not wait for a web server and a model's SDK."""
    found = (
        "import sys, streamsum.client; print(sorted({'starlette', 'uvicorn', 'openai', 'aiohttp'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout == "[]\n"
