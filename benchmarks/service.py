"""What a summary costs the whole service, counted in calls of functions: no clock, so that CI can hold it to a bound.

    python -m benchmarks.service [--top N]

The service is as `streamsum serve` runs it, over real sockets, but in one process with the model and the client, and in
step with them: the model goes on when what it wrote has been read. So each run makes the same calls. What the event
loop itself calls is left out: how often it turns is not ours to say.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

from starlette.applications import Starlette

from benchmarks.fake_upstream.connection import Connection
from benchmarks.fake_upstream.player import LAST_CHUNK, STREAM_HEADERS
from benchmarks.fake_upstream.requests import Request
from benchmarks.peers.answers import Answer, answer
from streamsum.settings import Settings
from streamsum.upstream.base import Upstream
from streamsum.upstream.build import build
from streamsum.web.app import create_app, lifespan
from streamsum.web.server import Server

# After a write: until it was read, and a bullet in it has been stored, told to its listener and sent.
TURNS = 16
LIMIT_S = 60.0

# Whose calls are not the service's: the event loop's, and those of the model, the client and the counting.
_NOT_COUNTED = (str(Path(asyncio.__file__).parent), selectors.__file__, str(Path(__file__).parent))
# Python 3.12 and later make no call for these.
_INLINED = {"<listcomp>", "<dictcomp>", "<setcomp>"}


class WrongAnswer(Exception):
    """The service told something else than what the model wrote: its calls mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An answer of `bullets` in `tokens`, one chunk each; how many chunks the service finds in a read; the calls."""

    name: str
    tokens: int
    bullets: int
    chunks_a_read: int
    calls: int  # as many as it was found to cost; `tests/test_benchmark_service.py` holds it to that
    most: int | None = None  # `max_bullets`, if others than there are


SCENES = (
    Scene(name="at pace", tokens=600, bullets=10, chunks_a_read=1, calls=38_585),
    Scene(name="at full speed", tokens=600, bullets=10, chunks_a_read=10_000, calls=8_113),
    Scene(name="a short one", tokens=40, bullets=2, chunks_a_read=10_000, calls=3_973),
)

# What is done to the upstream that the service asks: to see a slip where one was planted.
Spoil: TypeAlias = Callable[[Upstream], Upstream]


def as_it_is(upstream: Upstream) -> Upstream:
    """Nothing."""
    return upstream


@dataclass(slots=True)
class Calls:
    """The calls of one summary, by function."""

    by_function: Counter[str] = field(default_factory=Counter)
    chunks: int = 0

    @property
    def a_summary(self) -> int:
        """All of them."""
        return self.by_function.total()

    @property
    def a_chunk(self) -> float:
        """Of the model's answer."""
        return self.a_summary / self.chunks


class Model:
    """Writes one answer, and waits after each write until everybody has done what is to be done."""

    def __init__(self, wanted: Answer, *, chunks_a_read: int) -> None:
        self._writes = [
            b"".join(wanted.pieces[at : at + chunks_a_read]) for at in range(0, len(wanted.pieces), chunks_a_read)
        ]
        self._writes[-1] += LAST_CHUNK

    def connection_opened(self, connection: Connection) -> None:
        """Nothing to do."""

    def connection_closed(self, connection: Connection) -> None:
        """Nothing to do."""

    def serving_failed(self, error: BaseException) -> None:
        """Whoever waits for the answer sees that there is none."""

    async def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request."""
        connection.begin(200, {**STREAM_HEADERS, "transfer-encoding": "chunked"})
        for write in self._writes:
            await _turns()
            connection.write(write)
            await connection.drain()
        await _turns()


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def count(scene: Scene, *, spoil: Spoil = as_it_is) -> Calls:
    """The calls of one summary, a first one left out. Raises WrongAnswer."""
    wanted = answer(tokens=scene.tokens, bullets=scene.bullets, key="bullets")
    calls = Calls(chunks=len(wanted.pieces))
    async with asyncio.timeout(LIMIT_S), _service(Model(wanted, chunks_a_read=scene.chunks_a_read), spoil) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await _summarise(reader, writer, scene, wanted)
            with counted(calls.by_function):
                await _summarise(reader, writer, scene, wanted)
        finally:
            writer.close()
            await writer.wait_closed()
    return calls


@asynccontextmanager
async def _service(model: Model, spoil: Spoil) -> AsyncIterator[int]:
    """The service, with this model: its port."""
    asked_at = await asyncio.get_running_loop().create_server(lambda: Connection(model), "127.0.0.1", 0)
    with closing(asked_at), socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{asked_at.sockets[0].getsockname()[1]}/v1"
        settings = Settings.read({"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": url})
        async with aclosing(spoil(build(settings))) as asked:
            app = create_app(settings, upstream=asked)
            async with lifespan(app), _served(app, listener):
                yield listener.getsockname()[1]


@asynccontextmanager
async def _served(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    server = Server(app)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _summarise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scene: Scene, wanted: Answer) -> None:
    most = scene.most or scene.bullets
    body = {"text": "A text. " * 200, "max_bullets": most, "max_bullet_chars": 1000, "evidence": "off"}
    data = json.dumps(body).encode()
    head = f"POST /v1/summaries HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + data)
    told = await reader.readuntil(b"\r\n0\r\n\r\n")
    await _turns()
    events = [json.loads(line[6:]) for line in told.splitlines() if line.startswith(b"data: ")]
    texts = [event["text"] for event in events if event["type"] == "bullet"]
    if texts != list(wanted.texts) or events[-1]["type"] != "summary.completed":
        raise WrongAnswer(f"{len(texts)} bullets of {len(wanted.texts)}, or others")


@contextmanager
def counted(by_function: Counter[str]) -> Iterator[None]:
    """Count the calls that are made in this thread, by what is called."""
    count_them: dict[CodeType, bool] = {}

    def is_counted(caller: FrameType | None) -> bool:
        if caller is None:
            return False
        code = caller.f_code
        if code not in count_them:
            count_them[code] = not code.co_filename.startswith(_NOT_COUNTED)
        return count_them[code]

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and is_counted(frame):
            by_function[getattr(argument, "__qualname__", repr(argument))] += 1
        elif event == "call" and is_counted(frame.f_back) and frame.f_code.co_name not in _INLINED:
            by_function[f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_qualname}"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--top", type=int, default=0, metavar="N", help="show the N functions that are called most")
    options = parser.parse_args(arguments)
    for scene in SCENES:
        calls = asyncio.run(count(scene))
        print(f"{scene.name:14} {calls.a_summary:7} calls a summary {calls.a_chunk:7.1f} a chunk")
        for name, number in calls.by_function.most_common(options.top):
            print(f"    {number:6} {name}")


if __name__ == "__main__":
    main()
