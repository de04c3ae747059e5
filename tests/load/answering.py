"""A server that answers each request with the bytes that it is given, and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.load.client import Client, session_for
from benchmarks.load.outcome import Outcome
from benchmarks.load.target import Target
from benchmarks.load.texts import Text

OK_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n"
# After these bytes the connection is reset; or nothing more comes, for ever.
RESET, HANG = b"\0reset", b"\0hang"


@dataclass
class Answering:
    """`answers` are played in turn, the last one again and again; `said`: one of them went out."""

    answers: Sequence[bytes]
    requests: list[bytes] = field(default_factory=list)
    said: asyncio.Event = field(default_factory=asyncio.Event)
    target: Target = field(init=False)
    serving: set["asyncio.Task[None]"] = field(default_factory=set)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the client has enough
            await self._answer(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        self.requests.append(head + await reader.readexactly(int(lengths[0]) if lengths else 0))
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        writer.write(answer.removesuffix(RESET).removesuffix(HANG))
        await writer.drain()
        self.said.set()
        if answer.endswith(HANG):
            await reader.read()
        elif answer.endswith(RESET):
            writer.transport.abort()


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[Answering]:
    it = Answering(answers)
    server = await asyncio.start_server(it.connected, "127.0.0.1", 0)
    it.target = Target.read(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", key="sk-1")
    async with asyncio.timeout(20):
        async with server:
            yield it
        if it.serving:
            await asyncio.wait(it.serving)


@asynccontextmanager
async def client_of(target: Target, *, timeout_s: float = 10, tagged: bool = False) -> AsyncIterator[Client]:
    texts = [Text("a", 'Said "a".'), Text("b", "𝄞 b")]
    async with session_for(target) as session:
        yield Client(session, target, texts, fields={"max_bullets": 3}, tagged=tagged, timeout_s=timeout_s)


async def ask(client: Client, number: int = 0) -> Outcome:
    """One request, due now."""
    outcome = client.new(number, asyncio.get_running_loop().time(), measured=True)
    await client.send(outcome, asyncio.Semaphore(1))
    return outcome
