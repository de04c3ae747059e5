"""Programs for Node, with the packages that tests/js/package-lock.json pins: installed once, when first wanted.

The Node is the one that Playwright brings, pinned by hash like every wheel; npm is the system's.
"""

import asyncio
import fcntl
import json
import shutil
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import playwright
import pytest

from tests.programs import started

JS = Path(__file__).parent / "js"
NODE = Path(playwright.__file__).parent / "driver" / "node"
LIMIT_S = 15
# Three small packages; a slow line has time, too.
INSTALL_S = 120


@cache
def installed() -> Path:
    """tests/js/node_modules. Skips the test, with the reason, where they cannot be had."""
    lock, made = JS / "package-lock.json", JS / "node_modules"
    stamp = made / ".made-from"
    with (JS / ".installing").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_bytes() != lock.read_bytes():
            _install()
            stamp.write_bytes(lock.read_bytes())
    return made


def _install() -> None:
    if (npm := shutil.which("npm")) is None:
        pytest.skip("no npm: on Debian, apt-get install npm")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=JS, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install what tests/js needs: {done.stderr[-300:]}")


def package_file(path: str) -> str:
    """The text of a file in a package."""
    return (installed() / path).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Program:
    """A running one of tests/js."""

    process: Process

    async def says(self) -> Any:
        """The next line of its standard output, which is JSON."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            line = await self.process.stdout.readline()
        assert line, await self._end()
        return json.loads(line)

    async def tell(self, line: str) -> None:
        """The next line of its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def answers(self, given: str = "") -> list[Any]:
        """Every line of its standard output up to its end; `given` is all of its standard input."""
        return [json.loads(line) for line in (await self.output(given)).split("\n") if line]

    async def output(self, given: str = "") -> str:
        """All that it still says up to its end, which was a good one."""
        output, errors = await self._end(given)
        assert (self.process.returncode, errors) == (0, "")
        return output

    async def _end(self, given: str = "") -> tuple[str, str]:
        async with asyncio.timeout(LIMIT_S):
            output, errors = await self.process.communicate(given.encode())
        return output.decode(), errors.decode()


@asynccontextmanager
async def node(script: str, *arguments: str) -> AsyncIterator[Program]:
    """`node tests/js/SCRIPT …`, or another by its whole path, killed at the end of the block if it still runs."""
    await asyncio.to_thread(installed)
    async with started(str(NODE), str(JS / script), *arguments, limit=1 << 24) as process:
        yield Program(process)
