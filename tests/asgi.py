"""An ASGI server in memory, for what no real one can be made to do: a client whose every move is the test's."""

import asyncio

from starlette.types import ASGIApp, Message, Scope


def scope_of(
    path: str = "/",
    *,
    headers: dict[str, str] | None = None,
    raw: list[tuple[bytes, bytes]] | None = None,
    server: tuple[str, int | None] | None = ("127.0.0.1", 8080),
    root_path: str = "",
) -> Scope:
    """A GET; `raw`: these headers and no other."""
    pairs = {"host": "localhost", **(headers or {})}
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in pairs.items()] if raw is None else raw,
        "server": server,
        "root_path": root_path,
    }


class Wire:
    """One request's way: what was sent, and a client that can leave or stop reading."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self._grown = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reading.wait()
        if self.left.is_set():  # as uvicorn does: silence
            return
        self.sent.append(message)
        self._grown.set()

    async def run(self, app: ASGIApp, scope: Scope | None = None) -> None:
        await app(scope or scope_of(), self.receive, self.send)

    async def until_sent(self, n: int) -> None:
        """Wait for the n-th message."""
        async with asyncio.timeout(1000):
            while len(self.sent) < n:
                self._grown.clear()
                await self._grown.wait()

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent[1:]]

    @property
    def body(self) -> bytes:
        return b"".join(self.bodies)

    @property
    def ended(self) -> bool:
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)
