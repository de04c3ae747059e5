"""The transport against real sockets: each cause as it was, nothing followed, nothing kept that is not whole."""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest

from streamsum.upstream.transport import MAX_ERROR_BODY_BYTES, Body, Transport, body_of, http_client

pytestmark = pytest.mark.both_loops

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Site:
    """A server on a real socket. The n-th handler serves the n-th connection, the last all later ones."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = handlers
        self._left: asyncio.Queue[None] = asyncio.Queue()
        self._serving: set[asyncio.Future[None]] = set()
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1?q=%2F"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        handler = self._handlers[min(self.connections, len(self._handlers)) - 1]
        handling = asyncio.ensure_future(handler(reader, writer))
        self._serving.add(handling)
        try:
            await handling
        except ConnectionError:
            pass  # the client hung up while something was being sent
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._serving.remove(handling)
            writer.close()
            self._left.put_nowait(None)

    def stop(self) -> None:
        """Serve nobody any more: from Python 3.12 on its server waits for them."""
        for handling in self._serving:
            handling.cancel()

    async def connection_over(self) -> None:
        """Wait until a connection is over."""
        async with asyncio.timeout(5):
            await self._left.get()


@asynccontextmanager
async def site(*handlers: Handler) -> AsyncIterator[Site]:
    serving = Site(*handlers)
    server = await asyncio.start_server(serving.serve, "127.0.0.1", 0)
    serving.port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(15):
            yield serving
    finally:
        server.close()
        serving.stop()
        await server.wait_closed()


@asynccontextmanager
async def client(**options: object) -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(Transport(**{"streams": 4} | options)) as sending:  # type: ignore[arg-type]
        yield sending


async def request_head(reader: asyncio.StreamReader) -> str:
    """The next request's head, its body of `hello` read too."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    await reader.readexactly(5)
    return head


@asynccontextmanager
async def sent(sending: httpx2.AsyncClient, url: str) -> AsyncIterator[httpx2.Response]:
    """A request, and its response until the block is left."""
    async with sending.stream("POST", url, content=b"hello", headers={"X-Test": "a"}) as response:
        yield response


async def fetch(sending: httpx2.AsyncClient, url: str) -> bytes:
    """The whole body, read directly."""
    async with sent(sending, url) as response:
        return await read_all(body_of(response))


def says(*pieces: bytes, keep: bool = False) -> Handler:
    """Answers each request with these bytes; `keep`: until the client leaves."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                await request_head(reader)
            except asyncio.IncompleteReadError:
                return
            writer.write(b"".join(pieces))  # of nothing, writelines makes Python 3.12 and 3.13 write for ever
            await writer.drain()
            if not keep:
                return

    return handler


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_head(reader)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def read_all(body: Body) -> bytes:
    whole = b""
    while read := await body.read():
        whole += read
    return whole


async def test_the_request_goes_out_as_it_is() -> None:
    """Method, target, headers and body; but nothing compressed is asked for."""
    heads: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await request_head(reader))
        writer.write(OK)

    async with site(handler) as serving, client() as sending:
        assert await fetch(sending, serving.url) == b"ok"
    (head,) = heads
    assert head.startswith("POST /v1?q=%2F HTTP/1.1\r\n")
    assert "x-test: a\r\n" in head.lower()
    assert [line for line in head.lower().split("\r\n") if "encoding" in line] == ["accept-encoding: identity"]


async def test_a_refused_connection_is_a_connect_error() -> None:
    """And no time-out."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with client() as sending:
            with pytest.raises(httpx2.ConnectError):
                await fetch(sending, f"http://127.0.0.1:{closed.getsockname()[1]}")


async def test_an_unknown_host_is_a_connect_error() -> None:
    """RFC 6761 keeps `.invalid` unknown."""
    async with client() as sending:
        with pytest.raises(httpx2.ConnectError):
            await fetch(sending, "http://streamsum.invalid")


async def test_a_failed_tls_handshake_is_a_connect_error() -> None:
    """The other side speaks no TLS."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(OK)

    async with site(plain) as serving, client() as sending:
        with pytest.raises(httpx2.ConnectError):
            await fetch(sending, f"https://127.0.0.1:{serving.port}")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://127.0.0.1:99999"])
async def test_what_cannot_be_called_is_said_so(url: str) -> None:
    """A scheme or a port that is none."""
    async with client() as sending:
        with pytest.raises((httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
            await fetch(sending, url)


async def test_a_reset_before_the_answer_is_a_read_error() -> None:
    """Nothing is sent a second time over a new connection."""
    async with site(resets) as serving, client() as sending:
        with pytest.raises(httpx2.ReadError):
            await fetch(sending, serving.url)
        assert serving.connections == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"SSH-2.0-x\r\n\r\n"])
async def test_an_answer_that_is_none_is_a_protocol_error(answer: bytes) -> None:
    """Closed before the head's end, or no HTTP."""
    async with site(says(answer)) as serving, client() as sending:
        with pytest.raises(httpx2.RemoteProtocolError):
            await fetch(sending, serving.url)


@pytest.mark.parametrize(
    "answer", [CHUNKED + b"5\r\nhel", CHUNKED + b"2\r\nok\r\n", CHUNKED + b"zz\r\n", OK.replace(b": 2", b": 9")]
)
async def test_a_body_that_breaks_off_is_an_error(answer: bytes) -> None:
    """Never an end like any other."""
    async with site(says(answer)) as serving, client() as sending:
        with pytest.raises(httpx2.TransportError):
            await fetch(sending, serving.url)


async def test_reads_come_as_they_arrive() -> None:
    """No read waits to be full."""
    more = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(CHUNKED + b"3\r\none\r\n")
        await more.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")

    async with site(handler) as serving, client() as sending, sent(sending, serving.url) as response:
        body = body_of(response)
        assert await body.read() == b"one"
        more.set()
        assert await body.read() == b"two"
        assert await body.read() == b""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer(status: int) -> None:
    """A redirect would send the body, and the key, to another host."""
    async with site(says(OK)) as elsewhere:
        moved = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with site(says(moved)) as serving, client() as sending:
            async with sent(sending, serving.url) as response:
                assert response.status_code == status
            assert elsewhere.connections == 0


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the one that was set for us is."""
    async with site(says(OK)) as serving, site(says(OK)) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        async with client() as sending:
            await fetch(sending, serving.url)
        assert (serving.connections, proxy.connections) == (1, 0)
        async with client(proxy=f"http://127.0.0.1:{proxy.port}") as sending:
            await fetch(sending, serving.url)
        assert (serving.connections, proxy.connections) == (1, 1)


async def test_a_proxy_that_is_not_there_is_a_proxy_error() -> None:
    """Not the model's server's fault."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with client(proxy=f"http://127.0.0.1:{closed.getsockname()[1]}") as sending:
            with pytest.raises(httpx2.ProxyError):
                await fetch(sending, "http://127.0.0.1:1")


async def test_a_body_read_to_its_end_keeps_its_connection() -> None:
    """Three calls, one connection."""
    async with site(says(OK, keep=True)) as serving, client() as sending:
        for _ in range(3):
            assert await fetch(sending, serving.url) == b"ok"
        assert serving.connections == 1


async def test_a_body_left_early_closes_its_connection() -> None:
    """The server hears of it at once, and nobody else gets the rest."""
    async with site(says(CHUNKED, b"2\r\nok\r\n", keep=True), says(OK)) as serving, client() as sending:
        async with sent(sending, serving.url) as response:
            assert await body_of(response).read() == b"ok"
        await serving.connection_over()
        assert await fetch(sending, serving.url) == b"ok"
        assert serving.connections == 2


@asynccontextmanager
async def hung_up() -> AsyncIterator[tuple[Body, Site]]:
    """A body of which something has come, and whose next read will be interrupted."""
    async with (
        site(says(CHUNKED, b"2\r\nok\r\n", keep=True)) as serving,
        client() as sending,
        sent(sending, serving.url) as response,
    ):
        body = body_of(response)
        assert await body.read() == b"ok"
        asyncio.get_running_loop().call_soon(body.close)
        yield body, serving


async def test_hanging_up_ends_the_read_that_waits() -> None:
    """`close` needs no await, so that a timer can call it."""
    async with hung_up() as (body, serving):
        for _ in range(2):
            with pytest.raises(httpx2.ReadError):
                await body.read()
        await serving.connection_over()


async def test_hanging_up_leaves_nothing_of_the_read() -> None:
    """The library's error is one object for all reads: it must not gather their frames, and what is in them."""
    async with hung_up() as (body, _):
        with pytest.raises(httpx2.ReadError) as caught:
            await body.read()
        assert caught.value.__cause__ is not None
        assert caught.value.__cause__.__traceback__ is None


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_the_callers_trouble() -> None:
    """The server answers once and closes at the next request: that one goes out again, over a new connection."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(OK)
        await reader.readexactly(1)

    async with site(once, says(OK)) as serving, client() as sending:
        assert await fetch(sending, serving.url) == b"ok"
        assert await fetch(sending, serving.url) == b"ok"
        assert serving.connections == 2


async def test_a_request_is_sent_twice_at_most() -> None:
    """However many connections were kept: what breaks them may be the request, and each try may be charged."""
    came, all_there = 0, asyncio.Event()

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        while True:
            await request_head(reader)
            came += 1
            if came > 4:
                return
            if came == 4:
                all_there.set()
            await all_there.wait()  # so that there are four connections
            writer.write(OK)

    async with site(breaks) as serving, client() as sending:
        await asyncio.gather(*(fetch(sending, serving.url) for _ in range(4)))
        with pytest.raises(httpx2.RemoteProtocolError):
            await fetch(sending, serving.url)
        assert (came, serving.connections) == (6, 5)


async def test_headers_may_be_in_any_letters() -> None:
    """A proxy adds its own."""
    answer = "HTTP/1.1 200 OK\r\nX-Served-By: München\r\nContent-Length: 2\r\n\r\nok".encode()
    async with site(says(answer)) as serving, client() as sending:
        assert await fetch(sending, serving.url) == b"ok"


async def test_cookies_are_not_taken() -> None:
    """They would bind all calls to one server behind a balancer, for ever."""
    heads: list[str] = []

    async def bakes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await request_head(reader))
        writer.write(OK.replace(b"\r\n", b"\r\nSet-Cookie: to=one; Max-Age=1\r\n", 1))

    async with site(bakes) as serving, client() as sending:
        for _ in range(2):
            await fetch(sending, serving.url)
    assert len(heads) == 2
    assert "ookie" not in "".join(heads)


async def test_no_call_waits_for_another_to_end() -> None:
    """aiohttp's own pool would let 100 through; ours holds as many as may run."""
    async with site(says(CHUNKED, keep=True)) as serving, client(streams=120) as sending, AsyncExitStack() as calls:
        for _ in range(120):
            await calls.enter_async_context(sent(sending, serving.url))
        assert serving.connections == 120


async def test_an_error_s_body_is_read_up_to_a_limit() -> None:
    """What the SDK reads by itself is bounded, and the rest is hung up on."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with site(endless) as serving, client() as sending:
        async with sent(sending, serving.url) as response:
            assert len(await response.aread()) == MAX_ERROR_BODY_BYTES
        await serving.connection_over()


@pytest.mark.parametrize("rest", [b"", b"5\r\nx"])
async def test_an_error_s_body_that_does_not_come_is_not_waited_for(rest: bytes) -> None:
    """A stall, or a break: what came has to do."""
    answer = CHUNKED.replace(b"200 OK", b"500 Oh") + b"2\r\nno\r\n" + rest
    async with site(says(answer, keep=not rest)) as serving, client(error_body_s=0.1) as sending:
        async with sent(sending, serving.url) as response:
            assert (await response.aread())[:2] == b"no"
        await serving.connection_over()


async def test_nothing_is_decompressed() -> None:
    """It was not asked for, and a small body could be gigabytes."""
    bomb = gzip.compress(b"0" * 1_000_000)
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with site(says(head + bomb)) as serving, client() as sending, sent(sending, serving.url) as response:
        assert await response.aread() == bomb
