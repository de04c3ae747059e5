"""The app behind a real uvicorn on a free port, in the test's own loop; and clients of it.

Each block bounds everything in it, and looks at its end whether anything was left behind.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2
from starlette.types import ASGIApp

from benchmarks.fake_upstream import FakeUpstream
from streamsum.runs.log import EventLog
from streamsum.settings import Settings
from streamsum.telemetry.tracing import Tracing
from streamsum.upstream.given import Given
from streamsum.web.app import create_app, lifespan
from streamsum.web.connections import Connection
from streamsum.web.patience import Patience
from streamsum.web.server import Server
from streamsum.web.service import Service
from tests.invariants import check

# No test here waits for a clock of ours; a loaded machine may take its time.
LIMIT_S = 15


@asynccontextmanager
async def serving(app: ASGIApp, *, connection: type[Connection] = Connection) -> AsyncIterator[int]:
    """uvicorn without its ticking: the port. Whoever is still connected at the end is cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(app, connection=connection)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        try:
            yield listener.getsockname()[1]
        finally:
            # As its own shutdown, which would sleep a tenth of a second in every test.
            for each in server.servers:
                each.close()
            server.abort_connections()
            if server.server_state.tasks:
                await asyncio.wait(server.server_state.tasks)


@dataclass(frozen=True, slots=True)
class Served:
    """A running service, and a client of it."""

    service: Service
    client: httpx2.AsyncClient
    port: int


@asynccontextmanager
async def served(
    upstream: Given | None,
    *,
    settings: Settings | None = None,
    patience: Patience | None = None,
    log: EventLog | None = None,
    connection: type[Connection] = Connection,
    tracing: Tracing | None = None,
    limit_s: float = LIMIT_S,
) -> AsyncIterator[Served]:
    """The service on this upstream, or on the one that its settings name, for `limit_s` at most."""
    app = create_app(settings or Settings(), upstream=upstream, log=log, patience=patience, tracing=tracing)
    before = asyncio.all_tasks()
    async with asyncio.timeout(limit_s):
        async with lifespan(app), serving(app, connection=connection) as port, client_of(port) as client:
            yield Served(app.state.service, client, port)
        if left := asyncio.all_tasks() - before:
            _, left = await asyncio.wait(left, timeout=1)  # a fake model sees its connection close a moment later
        assert not left, "tasks were left behind"


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the default one reads all the system's certificates
    url = f"http://127.0.0.1:{port}"
    # Sooner than the server, or both close at once, and a request that is on its way is lost.
    limits = httpx2.Limits(keepalive_expiry=1)
    async with httpx2.AsyncClient(
        base_url=url, trust_env=False, verify=no_tls, timeout=LIMIT_S, limits=limits
    ) as client:
        yield client


def settings_for(model: FakeUpstream) -> Settings:
    """To be asked by way of the real client, over real connections."""
    return Settings.read(environment_for(model))


def environment_for(model: FakeUpstream) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": model.base_url}


class RawClient:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        if self.writer.is_closing():  # uvloop has a RuntimeError for it
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers (in lower case) of the next response."""
        status, *fields = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (field.partition(": ") for field in fields if field)
        return int(status.split()[1]), {name.lower(): value for name, _, value in pairs}

    def read_no_more(self) -> None:
        cast("asyncio.Transport", self.writer.transport).pause_reading()

    async def leave(self, way: str) -> None:
        """`close`, `reset` (TCP's), `half-close`: no more is sent; `pipelined`: not without another request."""
        match way:
            case "close":
                self.writer.close()
            case "reset":
                linger = struct.pack("ii", 1, 0)
                self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.writer.transport.abort()
            case "half-close":
                self.writer.write_eof()
            case _:
                await self.send(get("/healthz"))
                self.writer.close()


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def post(body: object, *, head: str = "") -> bytes:
    """`POST /v1/summaries` as bytes; `head`: more header lines, each with its CR LF."""
    data = json.dumps(body).encode()
    return (
        f"POST /v1/summaries HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n{head}\r\n"
    ).encode() + data


def get(path: str, *, head: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode()


def events_of(response: httpx2.Response, *, after: int = 0) -> list[dict[str, Any]]:
    """All data of a whole stream, from the event after this number on; every invariant is checked."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    return check(response.content, after=after).events


async def open_files() -> Counter[str]:
    """What this process has, by what it leads to: of a socket the inode. libuv has a spare one once its loop listens.

    What earlier tests left may go at any time: a later look is to be `<=` this one.
    """
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    listening.close()
    await listening.wait_closed()
    await asyncio.sleep(0)  # uvloop closes a turn later
    return Counter(_targets())


def _targets() -> Iterator[str]:
    """None where nobody knows."""
    with suppress(FileNotFoundError):
        for file in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # the one that was open to look
                yield str(file.readlink())
