"""A body poured out in the frame that received it: nothing is lost, nothing comes twice, and every end is told."""

import asyncio
import gc
import ssl
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streamsum.upstream.transport import Body, Transport, body_of, http_client
from tests.test_transport import CHUNKED, OK, Handler, client, fetch, request_head, says, sent, site

pytestmark = pytest.mark.both_loops


class Glass:
    """What a body was poured into; full after so many reads."""

    def __init__(self, *, full_after: int | None = None) -> None:
        self.reads: list[bytes] = []
        self.filled = asyncio.Event()
        self.tasks: list[asyncio.Task[object] | None] = []  # who was running
        self._room = full_after

    def take(self, read: bytes) -> bool:
        self.reads.append(read)
        self.tasks.append(asyncio.current_task())
        self.filled.set()
        return len(self.reads) != self._room

    async def until_filled(self) -> None:
        """Until there is another read than there was the last time."""
        async with asyncio.timeout(5):
            await self.filled.wait()
        self.filled.clear()


class Pump:
    """A server's hand: writes a piece when it is told to."""

    def __init__(self, *pieces: bytes, keep: bool = False) -> None:
        """`keep`: for the next request, which is answered with the same."""
        self._pieces = [*pieces, b""] if keep else pieces
        self._keep = keep
        self._turn = asyncio.Semaphore(0)

    def go_on(self) -> None:
        self._turn.release()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_head(reader)
            writer.write(CHUNKED)
            for piece in self._pieces:
                await self._turn.acquire()
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b"0\r\n\r\n")
            if not self._keep:
                await reader.read()
                return


@asynccontextmanager
async def answered(handler: Handler) -> AsyncIterator[Body]:
    """The body of an answer of a server on a real socket."""
    async with site(handler) as serving, client() as sending, sent(sending, serving.url) as response:
        yield body_of(response)


async def test_a_read_is_handed_on_in_the_frame_that_received_it() -> None:
    """No task wakes up for it."""
    pump, glass = Pump(b"one", b"two", b""), Glass()
    async with answered(pump.serve) as body:
        pouring = asyncio.create_task(body.pour(glass.take))
        for read in (b"one", b"two"):
            pump.go_on()
            await glass.until_filled()
            assert glass.reads[-1] == read
            assert not pouring.done()
        pump.go_on()
        await pouring
        assert glass.reads == [b"one", b"two", b""]
        assert glass.tasks == [None, None, None]


async def test_who_has_enough_gets_the_rest_next_time() -> None:
    """In the order in which it came."""
    pump = Pump(b"one", b"two", b"three", b"")
    async with answered(pump.serve) as body:
        first, second = Glass(full_after=1), Glass()
        pump.go_on()
        await body.pour(first.take)
        for _ in range(3):
            pump.go_on()
        await body.pour(second.take)
        assert first.reads == [b"one"]
        assert b"".join(second.reads) == b"twothree"
        assert second.reads[-1] == b""


async def test_who_is_cancelled_loses_nothing() -> None:
    """What comes afterwards waits for whoever pours next, or reads."""
    pump, glass = Pump(b"one", b"two", b""), Glass()
    async with answered(pump.serve) as body:
        pouring = asyncio.create_task(body.pour(glass.take))
        pump.go_on()
        await glass.until_filled()
        pouring.cancel()
        await asyncio.wait([pouring])
        pump.go_on()
        assert await body.read() == b"two"
        assert glass.reads == [b"one"]


async def test_what_has_arrived_is_not_lost_with_its_connection() -> None:
    """However long it takes until somebody pours: it may be the end of the answer."""
    written = asyncio.Event()

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(CHUNKED + b"3\r\none\r\n")
        await written.wait()
        writer.write(b"3\r\ntwo\r\n")

    async with site(breaks) as serving, client() as sending, sent(sending, serving.url) as response:
        body = body_of(response)
        await body.pour(Glass(full_after=1).take)
        written.set()
        await serving.connection_over()
        glass = Glass()
        for _ in range(3):  # what came goes through, and the loss after it
            await asyncio.sleep(0)
        with pytest.raises(httpx2.TransportError):
            await body.pour(glass.take)
        assert glass.reads == [b"two"]


async def test_a_body_that_waited_is_poured_whole() -> None:
    """aiohttp stops taking in where much is waiting, and goes on as it is read: in that same moment."""
    written = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(CHUNKED + b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n")
        asyncio.get_running_loop().call_later(0.1, written.set)  # all is here then
        await reader.read()

    async with answered(serve) as body:
        await written.wait()
        glass = Glass()
        await body.pour(glass.take)
        assert sum(map(len, glass.reads)) == 40_000
        assert glass.reads[-1] == b""


CALLER: ContextVar[str] = ContextVar("CALLER")


async def test_the_taker_is_called_in_the_context_of_who_pours() -> None:
    """Not of who opened the connection, which may have been another's call."""
    seen: list[str] = []

    def take(_read: bytes) -> bool:
        seen.append(CALLER.get())
        return True

    async def call(name: str, sending: httpx2.AsyncClient, url: str) -> None:
        CALLER.set(name)
        async with sent(sending, url) as response:
            for _ in range(2):  # the piece, and the end
                asyncio.get_running_loop().call_soon(pump.go_on)
            await body_of(response).pour(take)

    pump = Pump(b"one", keep=True)
    async with site(pump.serve) as serving, client() as sending:
        for name in ("one", "two"):
            await asyncio.create_task(call(name, sending, serving.url))
        assert serving.connections == 1
    assert list(dict.fromkeys(seen)) == ["one", "two"]


async def test_a_broken_pouring_holds_nobody() -> None:
    """What a taker holds, a summary with its source, goes with its call, and waits for no garbage collection."""

    async def pour_and_forget(body: Body) -> "weakref.ref[Glass]":
        glass = Glass()
        with suppress(httpx2.TransportError):
            await body.pour(glass.take)
        return weakref.ref(glass)

    async with answered(says(CHUNKED, b"2\r\nok\r\n", b"5\r\nhel")) as body:
        gc.disable()
        try:
            held = await pour_and_forget(body)
            await asyncio.sleep(0)  # what has just woken us is still in the loop's hand
            assert held() is None
        finally:
            gc.enable()


async def test_a_connection_that_brings_more_than_its_answer_is_not_kept() -> None:
    """Or it would be another call's answer."""
    stale = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale"
    poured = asyncio.Event()

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_head(reader)
        writer.write(CHUNKED)
        await poured.wait()
        writer.write(b"2\r\nok\r\n0\r\n\r\n" + stale)
        await reader.read()

    async with site(twice, says(OK)) as serving, client() as sending:
        async with sent(sending, serving.url) as response:
            asyncio.get_running_loop().call_soon(poured.set)
            await body_of(response).pour(Glass().take)
        assert await fetch(sending, serving.url) == b"ok"
        assert serving.connections == 2


async def test_the_end_is_told_again_and_again() -> None:
    """As an empty read."""
    async with answered(says(OK)) as body:
        for reads in ([b"ok", b""], [b""], [b""]):
            glass = Glass()
            await body.pour(glass.take)
            assert glass.reads == reads


async def test_a_body_poured_to_its_end_keeps_its_connection() -> None:
    """And the next call's bytes go where they belong."""
    pieces = (CHUNKED, b"2\r\nok\r\n", b"0\r\n\r\n")
    async with site(says(*pieces, keep=True)) as serving, client() as sending:
        for _ in range(3):
            glass = Glass()
            async with sent(sending, serving.url) as response:
                await body_of(response).pour(glass.take)
            assert b"".join(glass.reads) == b"ok"
        assert serving.connections == 1


@pytest.mark.parametrize("rest", [b"5\r\nhel", b""])
async def test_a_body_that_breaks_off_is_an_error(rest: bytes) -> None:
    """Never an end like any other; and it stays one."""
    async with answered(says(CHUNKED, b"2\r\nok\r\n", rest)) as body:
        glass = Glass()
        for _ in range(2):
            with pytest.raises(httpx2.TransportError):
                await body.pour(glass.take)
        assert b"" not in glass.reads


async def test_what_the_taker_raises_is_raised_where_it_is_poured() -> None:
    """A bug of ours is no error of the connection's, and asyncio hears nothing of it."""

    def take(_read: bytes) -> bool:
        raise RuntimeError("ours")

    pump = Pump(b"one")
    async with answered(pump.serve) as body:
        pouring = asyncio.create_task(body.pour(take))
        pump.go_on()
        with pytest.raises(RuntimeError, match="ours"):
            await pouring


async def test_hanging_up_ends_the_pouring() -> None:
    """`close` needs no await, so that a timer can call it; nothing is left of the library's error."""
    async with answered(Pump(b"").serve) as body:
        asyncio.get_running_loop().call_soon(body.close)
        for _ in range(2):
            with pytest.raises(httpx2.ReadError) as caught:
                await body.pour(Glass().take)
            assert caught.value.__cause__ is not None
            assert caught.value.__cause__.__traceback__ is None


@pytest.mark.parametrize("pours_before", [True, False])
async def test_connections_that_are_closed_end_the_pouring(pours_before: bool) -> None:
    """aiohttp does not tell its bodies."""
    transport = Transport(streams=1)
    async with site(Pump(b"").serve) as serving, sent(http_client(transport), serving.url) as response:
        body = body_of(response)
        pouring = asyncio.create_task(body.pour(Glass().take))
        if pours_before:
            await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises(httpx2.ReadError):
            await pouring


async def test_an_error_that_comes_as_the_pouring_is_cancelled_is_not_printed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """asyncio would print it when nobody has looked at it."""
    async with answered(Pump(b"").serve) as body:
        pouring = asyncio.create_task(body.pour(Glass().take))
        await asyncio.sleep(0)
        body.close()
        pouring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pouring
    assert caplog.records == []


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """HTTP/1.0's way, and that of some small servers."""
    async with answered(says(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"to the end")) as body:
        glass = Glass()
        await body.pour(glass.take)
        assert (b"".join(glass.reads), glass.reads[-1]) == (b"to the end", b"")


async def test_more_than_is_taken_is_not_read() -> None:
    """While nobody pours, the server is held up: what waits here is bounded."""
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await request_head(reader)
        writer.write(CHUNKED)
        while written < 64 << 20:
            writer.write(b"10000\r\n%b\r\n" % bytes(1 << 16))
            written += 1 << 16
            await writer.drain()

    async with answered(flood) as body:
        await body.pour(Glass(full_after=1).take)
        before = -1
        while written != before:  # until the server is stuck
            before = written
            await asyncio.sleep(0.05)
        assert written < 16 << 20


def server_tls(folder: Path) -> ssl.SSLContext:
    """For 127.0.0.1, with a certificate of its own, in `certificate.pem`, and a key that is drawn anew each time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    a_day, now = timedelta(days=1), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - a_day, now + a_day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_over_tls_it_is_the_same(tmp_path: Path) -> None:
    """As most models are spoken to: poured, kept for the next call, cut in the middle."""
    pump = Pump(b"one")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(CHUNKED, b"2\r\nok\r\n0\r\n\r\n", keep=True)(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls(tmp_path))
    trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(15), client(trust=trust) as sending:
        for _ in range(2):
            glass = Glass()
            async with sent(sending, url) as response:
                await body_of(response).pour(glass.take)
            assert b"".join(glass.reads) == b"ok"
    server.close()
    server = await asyncio.start_server(pump.serve, "127.0.0.1", 0, ssl=server_tls(tmp_path))
    trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(15), client(trust=trust) as sending, sent(sending, url) as response:
        glass = Glass()
        pouring = asyncio.create_task(body_of(response).pour(glass.take))
        pump.go_on()
        await glass.until_filled()
        assert glass.tasks == [None]
        body_of(response).close()
        with pytest.raises(httpx2.ReadError):
            await pouring
    server.close()
