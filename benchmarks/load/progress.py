"""A bar on standard error while it runs: on a terminal redrawn in place, else a line when a level begins."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TextIO

_EVERY_S = 0.25
_WIDTH = 20  # the whole line fits into 80 columns


class Progress:
    """`stream` is written to; nothing is, if it is None."""

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self._stream = stream
        self._in_place = stream is not None and stream.isatty()

    @asynccontextmanager
    async def showing(self, name: str, look: Callable[[], tuple[float, str]]) -> AsyncIterator[None]:
        """While the block lasts: `look` says how much of it is done (a part of 1), and what is to be said of it."""
        if not self._in_place:
            self.say(f"{name} …")
        drawing = asyncio.create_task(self._draw(name, look))
        try:
            yield
        finally:
            drawing.cancel()
            _, words = look()
            self.say(f"{name}: {words}", over=True)

    def say(self, words: str, *, over: bool = False) -> None:
        """A line; `over` the bar, where there is one."""
        if self._stream is not None:
            start = "\r\x1b[K" if over and self._in_place else ""
            print(f"{start}{words}", file=self._stream, flush=True)

    async def _draw(self, name: str, look: Callable[[], tuple[float, str]]) -> None:
        while self._in_place and self._stream is not None:
            part, words = look()
            full = round(min(1.0, part) * _WIDTH)
            bar = "█" * full + "·" * (_WIDTH - full)
            print(f"\r\x1b[K{name} {bar} {words}", end="", file=self._stream, flush=True)
            await asyncio.sleep(_EVERY_S)
