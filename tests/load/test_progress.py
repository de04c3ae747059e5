"""What is shown while it runs."""

import asyncio
import io

from typing_extensions import override

from benchmarks.load.progress import Progress


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


async def shown(stream: io.StringIO) -> str:
    """Half done, and a moment for the bar."""
    async with Progress(stream).showing("rate 5", lambda: (0.5, "7 done")):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return stream.getvalue()


async def test_a_terminal_has_a_bar() -> None:
    """Drawn over itself, and over by what came of it."""
    said = await shown(Terminal())
    assert said.startswith("\r\x1b[Krate 5 " + "█" * 10 + "·" * 10 + " 7 done")
    assert said.endswith("\r\x1b[Krate 5: 7 done\n")


async def test_a_file_has_lines() -> None:
    """One when it begins, one when it is over; no bars, no escapes."""
    assert await shown(io.StringIO()) == "rate 5 …\nrate 5: 7 done\n"


async def test_nobody_need_be_told() -> None:
    """Without a stream nothing is said."""
    async with Progress(None).showing("x", lambda: (0, "")):
        pass
