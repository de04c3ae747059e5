"""The child process that runs the built-in model, seen from its parent.

A process of its own, because llama.cpp aborts where Python would raise, and its threads wait for each other by
spinning unless the environment says otherwise before they start.
"""

import asyncio
import os
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

from streamsum.errors import StreamsumError

# Loading takes a second or two; a machine on which it takes longer than this has no use for the model.
MAX_START_S = 60.0

# What the script ends with where the package is there and will not load.
_NO_LIBRARY = 3

_SCRIPT = Path(__file__).with_name("llama_server.py")


class DidNotStart(StreamsumError):
    """The child ended, or took too long, before it served; the message, of our own words, is for the log."""


class LlamaProcess:
    """A running server: `url` is its API's base, `key` opens it. Whoever starts one stops it."""

    def __init__(self, process: Process, *, key: str, url: str) -> None:
        self._process = process
        self.key = key
        self.url = url

    @classmethod
    async def start(cls, file: Path, *, name: str, context_tokens: int) -> Self:
        """Load the model in `file` and serve it. Raises DidNotStart; then, or cancelled, leaves nothing behind."""
        key = secrets.token_urlsafe(16)
        async with AsyncExitStack() as undo:
            process = await _spawn(str(file), name, str(context_tokens))
            undo.push_async_callback(_end, process)
            url = await _address(process, key=key) + "/v1"
            undo.pop_all()
        return cls(process, key=key, url=url)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Has it not ended by itself?"""
        return self._process.returncode is None

    async def stop(self) -> None:
        """End it, and wait until it has ended. It has nothing to save."""
        await _end(self._process)


async def _spawn(*arguments: str) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the script's own folder has modules with the names of libraries
            str(_SCRIPT),
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,  # llama.cpp prints there what it likes
            # With other work on the same cores, spinning threads make the model three times slower.
            env={"OMP_WAIT_POLICY": "passive", **os.environ},
        )
    except OSError:
        raise DidNotStart("there is no process to be had") from None


async def _address(process: Process, *, key: str) -> str:
    """Tell the child its key, and wait until it tells where it serves."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None  # noqa: S101 - pipes were asked for
    assert stdout is not None  # noqa: S101
    try:
        async with asyncio.timeout(MAX_START_S):
            stdin.write(key.encode() + b"\n")
            await stdin.drain()
            async for line in stdout:
                if line.startswith(b"http://"):
                    return line.decode("ascii").strip()
            status = await process.wait()
    except TimeoutError:
        raise DidNotStart("it took too long") from None
    except (OSError, ValueError):  # a pipe that broke; a line that is none
        raise DidNotStart("it broke off") from None
    if status == _NO_LIBRARY:
        raise DidNotStart("what runs it cannot be loaded: python -c 'import xllamacpp' says why")
    raise DidNotStart(f"it ended with status {status}")


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
