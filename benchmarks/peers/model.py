"""The model's side, made to be no bottleneck: it plays rendered answers, and notes when each item's end went out.

    PORT=8090 python -m benchmarks.peers.model

The general fake upstream draws each event up and plays it through a machine of many steps; that costs about as much as
the services here do. So an answer is bytes, rendered once: at full speed one write, at pace one write a token.
`GET /played` gives what was noted since it was last asked, and forgets it.
"""

from __future__ import annotations

import asyncio
import os
import signal

from benchmarks.fake_upstream.connection import Connection, error_body
from benchmarks.fake_upstream.player import LAST_CHUNK, STREAM_HEADERS
from benchmarks.fake_upstream.requests import Request
from benchmarks.peers.answers import Answer, Order, answer

HEADERS = {**STREAM_HEADERS, "transfer-encoding": "chunked"}


class Playback:
    """Answers every POST as its order says; the owner of all connections."""

    def __init__(self) -> None:
        self._closings: dict[int, list[float]] = {}
        self._late: list[float] = []
        self._calls = 0

    def connection_opened(self, connection: Connection) -> None:
        """Nothing to do."""

    def connection_closed(self, connection: Connection) -> None:
        """Nothing to do."""

    def serving_failed(self, error: BaseException) -> None:
        """Have it written down; the connection is broken, and so the trial fails."""
        asyncio.get_running_loop().call_exception_handler({"message": "cannot play", "exception": error})

    async def serve(self, request: Request, connection: Connection) -> None:
        """Play an answer, or tell what was played."""
        if request.method == "GET":
            connection.respond(200, {}, self._report())
        elif (order := Order.find(request.body)) is None:
            connection.respond(400, {}, error_body(400))
        else:
            await self._play(order, connection)
        await connection.drain()

    async def _play(self, order: Order, connection: Connection) -> None:
        wanted = answer(tokens=order.tokens, bullets=order.bullets, key=order.key)
        self._calls += 1
        closings = self._closings[order.number] = []
        connection.begin(200, HEADERS)
        if order.pace:
            await self._play_at_pace(wanted, 1 / order.pace, connection, closings)
        else:
            closings += [asyncio.get_running_loop().time()] * len(wanted.closing)
            connection.write(b"".join(wanted.pieces))
        connection.write(LAST_CHUNK)

    async def _play_at_pace(self, wanted: Answer, period: float, connection: Connection, closings: list[float]) -> None:
        time, write, late = asyncio.get_running_loop().time, connection.write, self._late
        closing = frozenset(wanted.closing)
        due = time()
        for index, piece in enumerate(wanted.pieces):
            if (early := due - time()) > 0:
                await asyncio.sleep(early)
            now = time()
            if index in closing:
                closings.append(now)
            write(piece)
            late.append(now - due)
            # A peer that does not keep up holds its model up: the rest is then later, not faster.
            await connection.drain()
            due += period

    def _report(self) -> object:
        found = {"calls": self._calls, "closings": self._closings, "late_s": self._late}
        self._calls, self._closings, self._late = 0, {}, []
        return found


async def main() -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    playback = Playback()
    await loop.create_server(lambda: Connection(playback), "127.0.0.1", int(os.environ["PORT"]), backlog=1024)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
