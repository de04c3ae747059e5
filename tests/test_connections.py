"""What only a real socket can show: clients that take nothing, and clients that send ahead."""

import asyncio
import socket

import pytest
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from streamsum.web.connections import MAX_AHEAD_BYTES, Connection
from tests.servers import RawClient, get, raw_client, serving

pytestmark = pytest.mark.both_loops

# More than the kernels' buffers of a connection hold between them.
MUCH = 64 << 20
# Some of that.
SOME = 4 << 20


class Impatient(Connection):
    blocked_s = 0.2
    head_s = 0.2


class App:
    """Sends a body of this size, and notes when the client is gone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * self._size, "more_body": True})
        await send({"type": "http.response.body", "body": b"y", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()


async def asking(client: RawClient) -> None:
    await client.send(get("/"))
    await client.head()


async def test_a_client_that_takes_nothing_is_cut() -> None:
    """Its connection, and what waits in memory for it."""
    async with asyncio.timeout(15):
        app = App(MUCH)
        async with serving(app, connection=Impatient) as port, raw_client(port) as client:
            client.read_no_more()
            await client.send(get("/"))
            await app.gone.wait()


async def test_a_slow_client_is_not_cut() -> None:
    """As long as it takes something in the time that it has."""
    async with asyncio.timeout(15):
        app = App(SOME)
        async with serving(app, connection=Impatient) as port:
            with socket.socket() as client:
                took_s = await take_slowly(client, port, SOME)
            assert took_s > 2 * Impatient.blocked_s


async def take_slowly(client: socket.socket, port: int, size: int) -> float:
    loop = asyncio.get_running_loop()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, get("/"))
    begun = loop.time()
    while size > 0:
        taken = await loop.sock_recv(client, 64 << 10)
        assert taken, "it was cut"
        size -= len(taken)
        await asyncio.sleep(0.01)
    return loop.time() - begun


@pytest.mark.parametrize("ahead", [10, MAX_AHEAD_BYTES - 100])
async def test_a_client_that_sends_ahead_and_leaves_is_seen(ahead: int) -> None:
    """uvicorn alone reads no more then, and never learns of it."""
    async with asyncio.timeout(15):
        app = App(10)
        async with serving(app) as port, raw_client(port) as client:
            await asking(client)
            await client.send(get("/", head=f"X: {'x' * ahead}\r\n"))
            await client.leave("close")
            async with asyncio.timeout(1):
                await app.gone.wait()


async def test_what_is_sent_ahead_is_bounded() -> None:
    """Beyond a next request's head nothing is read before its time."""
    async with asyncio.timeout(15):
        app = App(10)
        async with serving(app) as port, raw_client(port) as client:
            await asking(client)
            flood = asyncio.create_task(client.send(b"x" * MUCH))
            _, waiting = await asyncio.wait([flood], timeout=0.2)
            assert waiting, "the server reads on and on"
            flood.cancel()
            await client.leave("reset")
            await asyncio.wait([flood])


async def test_no_frame_waits_for_the_receipt_of_the_one_before() -> None:
    """Its socket sends at once (TCP_NODELAY): else a second small frame takes 40 ms on Linux."""
    seen: list[int] = []

    class Looking(Connection):
        @override
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            its: socket.socket = transport.get_extra_info("socket")
            seen.append(its.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async with asyncio.timeout(15), serving(answer_at_once, connection=Looking) as port, raw_client(port) as client:
        await asking(client)
    assert [each != 0 for each in seen] == [True]


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
async def test_a_head_that_never_ends_is_not_waited_for(begun: bytes) -> None:
    """Nor is one that never begins, however slowly it comes."""
    async with asyncio.timeout(15), serving(App(1), connection=Impatient) as port, raw_client(port) as client:
        await client.send(begun)
        assert await client.reader.read() == b""


async def test_nor_is_the_head_of_a_second_request() -> None:
    """And between the two nobody is in a hurry: that has a clock of its own."""
    async with asyncio.timeout(15), serving(answer_at_once, connection=Impatient) as port, raw_client(port) as client:
        for wait_s in (0.0, 2 * Impatient.head_s):
            await asyncio.sleep(wait_s)  # longer than a head may take
            await client.send(get("/"))
            assert (await client.head())[0] == 204
        await client.send(b"GET / HT")
        assert await client.reader.read() == b""


POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize("rest", [b"x", b"x" * 1000], ids=["begun", "whole"])
async def test_nor_is_a_body_that_was_answered_already(rest: bytes) -> None:
    """As of one who has no key: what is left of it is read off, but nobody holds a connection by it for nothing."""
    async with asyncio.timeout(15), serving(answer_at_once, connection=Impatient) as port, raw_client(port) as client:
        await client.send(POST)
        assert (await client.head())[0] == 204
        await client.send(rest)
        async with asyncio.timeout(2):  # uvicorn's own clock, which that byte stopped, has 5 s
            assert await client.reader.read() == b""


async def test_a_body_that_was_answered_already_dribbles_in_vain() -> None:
    """Each byte would else be a new beginning."""
    async with asyncio.timeout(15), serving(answer_at_once, connection=Impatient) as port, raw_client(port) as client:
        await client.send(POST)
        assert (await client.head())[0] == 204
        with pytest.raises(ConnectionError):
            await dribble(client)


async def dribble(client: RawClient) -> None:
    while True:
        await client.send(b"x")
        await asyncio.sleep(Impatient.head_s / 4)


async def test_an_answer_that_ends_its_connection_is_not_lost() -> None:
    """Though its request's body still comes: it is read off, where closing at once would reset the connection."""
    head = POST.replace(b"1000\r\n", b"%d\r\nConnection: close\r\n" % SOME)
    answered = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_at_once(scope, receive, send)
        answered.set()

    async with asyncio.timeout(15), serving(app) as port, raw_client(port) as client:
        await client.send(head)
        await answered.wait()
        for _ in range(SOME >> 16):
            await client.send(b"x" * (64 << 10))
        assert (await client.head())[0] == 204
        assert await client.reader.read() == b""


async def test_nor_is_it_waited_for_long() -> None:
    """Who sends on and on is cut."""
    head = POST.replace(b"1000\r\n", b"%d\r\nConnection: close\r\n" % SOME)
    async with asyncio.timeout(15), serving(answer_at_once, connection=Impatient) as port, raw_client(port) as client:
        await client.send(head)
        with pytest.raises(ConnectionError):
            await dribble(client)


LAST = [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"]


@pytest.mark.parametrize("request_", LAST, ids=["close", "1.0"])
async def test_what_comes_after_the_last_request_is_none(request_: bytes) -> None:
    """Its answer goes on: old clients end a body with a line break of their own."""
    async with asyncio.timeout(15):
        app = App(10)
        async with serving(app) as port, raw_client(port) as client:
            await client.send(request_)
            await client.head()
            await client.send(b"\r\n")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await app.gone.wait()
            await client.leave("close")
            async with asyncio.timeout(1):
                await app.gone.wait()


async def test_a_body_that_breaks_under_its_answer_is_hung_up_on(caplog: pytest.LogCaptureFixture) -> None:
    """Without a traceback: there is no place for a 400."""
    async with asyncio.timeout(15):
        app = App(10)
        async with serving(app) as port, raw_client(port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            await client.head()
            await client.send(b"no chunk\r\n")
            await app.gone.wait()
    assert [each for each in caplog.records if each.exc_info] == []


async def answer_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
