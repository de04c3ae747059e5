"""A fake OpenAI-compatible model server on a real socket, which plays scripts and remembers its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

from benchmarks.fake_upstream.calls import Call, Ending
from benchmarks.fake_upstream.connection import Connection, error_body
from benchmarks.fake_upstream.delivery import Delivery
from benchmarks.fake_upstream.frames import MODEL
from benchmarks.fake_upstream.journal import Journal
from benchmarks.fake_upstream.player import Player
from benchmarks.fake_upstream.requests import Request
from benchmarks.fake_upstream.script import Script

# What to play: one script for every call; the n-th for the n-th call, the last one again and again; or a function of
# the request's body and the call's number, counted from 1.
Chooser: TypeAlias = Script | Sequence[Script] | Callable[[dict[str, Any], int], Script]

MODELS = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "fake"}]}


class FakeUpstream:
    """Serves `POST /v1/chat/completions`, `POST /v1/responses` and `GET /v1/models` while its context lasts.

    `port` 0 takes a free one. With `record=False` nothing of a call is kept, for servers that run for long: `calls`
    and `next_call` stay empty; a `journal` is told of every call when it is over. An exception out of the chooser, or a
    script that cannot be played, breaks the connection and is raised when the context is left.
    """

    def __init__(
        self,
        chooser: Chooser,
        *,
        delivery: Delivery | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        record: bool = True,
        journal: Journal | None = None,
    ) -> None:
        self._choose = _as_function(chooser)
        self._delivery = delivery or Delivery()
        self._address = (host, port)
        self._record = record
        self._journal = journal
        self._arrivals: asyncio.Queue[Call] = asyncio.Queue()
        self._connections: dict[Connection, int] = {}
        self._failures: list[BaseException] = []
        self._closing = False
        self.calls: list[Call] = []
        self.calls_made = 0
        self.connections_made = 0

    @property
    def base_url(self) -> str:
        """What to configure as an OpenAI base URL: `http://HOST:PORT/v1`, no slash at the end."""
        return f"http://{self._address[0]}:{self.port}/v1"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._address[1]

    @property
    def connections_open(self) -> int:
        """How many clients are connected now."""
        return len(self._connections)

    async def next_call(self, *, within: float = 5.0) -> Call:
        """The first call that `next_call` has not yet given, waiting for it; `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within):
            return await self._arrivals.get()

    async def __aenter__(self) -> Self:
        host, port = self._address
        loop = asyncio.get_running_loop()
        # A load test opens its connections all at once.
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        self._address = (host, self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._server.close()
        await self._shut_connections()
        await self._server.wait_closed()
        # Those that were accepted, but not yet ours, when we closed.
        await self._shut_connections()
        for failure in self._failures:
            if error is None:
                raise failure
            error.add_note(f"In the fake upstream: {failure!r}")

    async def _shut_connections(self) -> None:
        while self._connections:
            await next(iter(self._connections)).shut()

    def connection_opened(self, connection: Connection) -> None:
        """Count a connection; called by it."""
        self.connections_made += 1
        self._connections[connection] = self.connections_made

    def connection_closed(self, connection: Connection) -> None:
        """Forget a connection; called by it."""
        self._connections.pop(connection, None)

    def serving_failed(self, error: BaseException) -> None:
        """Keep the first error for the end of the context; called by a connection."""
        if not self._failures:
            self._failures.append(error)

    async def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request; called by a connection."""
        match request.method, request.path:
            case "POST", "/v1/chat/completions" | "/v1/responses":
                await self._serve_call(request, connection)
            case "GET", "/v1/models":
                connection.respond(200, {}, MODELS)
            case _:
                connection.respond(404, {}, error_body(404))
        await connection.drain()

    async def _serve_call(self, request: Request, connection: Connection) -> None:
        if (body := request.json_object()) is None:
            connection.respond(400, {}, error_body(400))
            return
        call = self._note_call(request, body, self._connections[connection])
        # A cancelled task means that the client left, but for our own closing.
        ending: Ending = "hung_up"
        try:
            script = self._choose(call.body, call.number)
            note = self._journal is not None
            player = Player(connection, call, self._delivery, record=self._record, note_elements=note)
            ending = await player.play(script)
        except Exception:
            ending = "cut"
            raise
        finally:
            call.close("cut" if self._closing else ending, asyncio.get_running_loop().time())
            if self._journal is not None:
                self._journal.write(call)

    def _note_call(self, request: Request, body: dict[str, Any], connection: int) -> Call:
        self.calls_made += 1
        now = asyncio.get_running_loop().time()
        call = Call(self.calls_made, connection, request.path, request.headers, request.body, body, now)
        if self._record:
            self.calls.append(call)
            self._arrivals.put_nowait(call)
        return call


def _as_function(chooser: Chooser) -> Callable[[dict[str, Any], int], Script]:
    if callable(chooser):
        return chooser
    if chooser and isinstance(chooser[0], tuple):
        scripts = cast("Sequence[Script]", chooser)
        return lambda _body, number: scripts[min(number, len(scripts)) - 1]
    script = cast("Script", tuple(chooser))
    return lambda _body, _number: script
