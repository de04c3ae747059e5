"""A TCP proxy that can cut a connection at a byte, reset it, stall, and be unreachable: the network at its worst."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

End = Literal["close", "reset"]

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class TcpProxy:
    """From a free port of 127.0.0.1 to `target`, which may change; each of its ways holds from now on."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.connections = 0  # so far
        self._cut: tuple[int, End] | None = None
        self._cut_each: tuple[int, End] | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()

    def cut_next(self, after: int, end: End) -> None:
        """The next connection ends when so many bytes have come back through it."""
        self._cut = (after, end)

    def cut_each(self, after: int, end: End) -> None:
        """Every connection from now on does."""
        self._cut_each = (after, end)

    def stall(self) -> None:
        """Nothing goes through, and nobody is told."""
        self._flowing.clear()

    def flow(self) -> None:
        """As at first; what has stalled goes on."""
        self._refusing = False
        self._flowing.set()

    def break_off(self) -> None:
        """Every connection is reset, and new ones too."""
        self._refusing = True
        self.reset()

    def reset(self) -> None:
        """Every connection of now is."""
        for writer in list(self._writers):
            _end(writer, "reset")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        cut, self._cut = self._cut or self._cut_each, None
        if self._refusing:
            _end(writer, "reset")
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _end(writer, "reset")
            return
        both = {writer, forth}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pump(reader, forth, None))
                ways.create_task(self._pump(back, writer, cut))
        except* OSError:
            pass
        finally:
            self._writers -= both
            for each in both:
                _end(each, "reset")

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: tuple[int, End] | None
    ) -> None:
        passed = 0
        while data := await reader.read(64 * 1024):
            await self._flowing.wait()
            if cut is not None and passed + len(data) >= cut[0]:
                writer.write(data[: cut[0] - passed])
                with suppress(OSError):
                    await writer.drain()
                _end(writer, cut[1])
                raise ConnectionResetError
            passed += len(data)
            writer.write(data)
            await writer.drain()
        await self._flowing.wait()
        if writer.can_write_eof():
            writer.write_eof()


def _end(writer: asyncio.StreamWriter, end: End) -> None:
    if end == "reset" and (own := writer.get_extra_info("socket")) is not None:
        with suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        writer.transport.abort()
    else:
        writer.close()


@asynccontextmanager
async def tcp_proxy(target: int) -> AsyncIterator[TcpProxy]:
    proxy = TcpProxy(target)
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            handling.add(task)
            task.add_done_callback(handling.discard)
        await proxy.handle(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.flow()
        while handling:
            proxy.break_off()
            await asyncio.wait(handling, timeout=0.1)
