"""`streamsum` as people run it: a process of its own, its output line by line, its end within a time."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

LIMIT_S = 60  # a start is a second of work, and the machine may have ten others to do

# Nothing of our own environment's settings; COVERAGE_… lets what runs there be counted.
_PASSED = ("PATH", "HOME", "COVERAGE_")


@dataclass(frozen=True, slots=True)
class Program:
    """A running one."""

    process: Process

    async def says(self, words: str) -> str:
        """Read standard error up to the line with these words, and give it."""
        assert self.process.stderr is not None
        seen = []
        async with asyncio.timeout(LIMIT_S):
            async for line in self.process.stderr:
                seen.append(line.decode())
                if words in seen[-1]:
                    return seen[-1].rstrip()
        raise AssertionError(f"it ended without saying {words!r}: {seen}")

    async def logs(self, event: str) -> dict[str, Any]:
        """Read standard error up to the line of this event, and give it."""
        said: dict[str, Any] = json.loads(await self.says(f'"event": "{event}"'))
        return said

    async def port(self) -> int:
        """Where it listens, once it does."""
        return int((await self.logs("listening"))["url"].rpartition(":")[2])

    async def line(self) -> str:
        """The next of standard output."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            return (await self.process.stdout.readline()).decode()

    def reads(self, text: str) -> None:
        """All of its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.write_eof()

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    async def ends(self, given: bytes = b"") -> tuple[int, str, str]:
        """Its exit status, and what it still had to say: standard output, standard error."""
        async with asyncio.timeout(LIMIT_S):
            output, errors = await self.process.communicate(given)
        assert self.process.returncode is not None
        return self.process.returncode, (output or b"").decode(), errors.decode()


def passed_on(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What of our environment a program gets, and these."""
    return {name: value for name, value in os.environ.items() if name.startswith(_PASSED)} | dict(environment or {})


@asynccontextmanager
async def started(*command: str, **how: Any) -> AsyncIterator[Process]:
    """Any program, on pipes (or `how`), killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(*command, **{"stdin": PIPE, "stdout": PIPE, "stderr": PIPE, **how})
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def run(*command: str, limit_s: float = LIMIT_S, **how: Any) -> tuple[int | None, str, str]:
    """Any program, to its end, with nothing to read: exit status, standard output, standard error."""
    async with asyncio.timeout(limit_s), started(*command, **how) as process:
        output, errors = await process.communicate()
        return process.returncode, output.decode(), (errors or b"").decode()


@asynccontextmanager
async def streamsum(
    *arguments: str, environment: Mapping[str, str] | None = None, stdout: int = PIPE
) -> AsyncIterator[Program]:
    """The command, in an environment of its own."""
    command = (sys.executable, "-m", "streamsum", *arguments)
    async with started(*command, stdout=stdout, env=passed_on(environment)) as process:
        yield Program(process)
