"""The service and the fake upstream of a load test without `--url`: processes of their own, on cores of their own.

In sessions of their own too: a Ctrl-C is the load test's, which then ends them. They live in the frame that started
them, whatever happens in it.
"""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from benchmarks.load.cores import available_cores

_ROOT = Path(__file__).parents[2]

# A cold start of the service takes two seconds on a busy machine; what takes ten times as long will not come.
_START_S = 30.0
_STOP_S = 10.0

# COVERAGE_… lets what runs there be counted.
_HANDED_ON = ("PATH", "HOME", "LANG", "COVERAGE_")

# Of what a process says only this is kept, to be shown if it does not start.
_LAST_LINES = 20

_PRINTED = re.compile(r"^(http://\S+)$")
_LOGGED = re.compile(r'"event": "listening", "url": "(http://[^"]+)"')


class CannotStart(Exception):
    """A process ended, or was silent, before it said its address; the message has its last lines."""


@asynccontextmanager
async def fake_upstream(
    script: str, options: Sequence[str], cores: frozenset[int], *, folder: Path, journal: Path
) -> AsyncIterator[str]:
    """Its base URL; it plays the script for every call, and keeps the journal."""
    file = folder / "script.txt"
    file.write_text(script, encoding="utf-8")
    arguments = ("benchmarks.fake_upstream", "--script", str(file), "--journal", str(journal), *options)
    async with _running(arguments, {}, cores, says=_PRINTED) as address:
        yield address


@asynccontextmanager
async def service(base_url: str, settings: Mapping[str, str], cores: frozenset[int]) -> AsyncIterator[str]:
    """streamsum on a free port, in front of that upstream; its URL."""
    environment = {**settings, "STREAMSUM_UPSTREAM": "openai", "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": base_url}
    async with _running(("streamsum", "serve", "--port", "0"), environment, cores, says=_LOGGED) as address:
        yield address


def handed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Of our own environment: none of its settings, as a key there would send the load to a model that costs money."""
    return {name: value for name, value in environment.items() if name.startswith(_HANDED_ON)}


@asynccontextmanager
async def _running(
    arguments: Sequence[str], environment: Mapping[str, str], cores: frozenset[int], *, says: re.Pattern[str]
) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        cwd=_ROOT,
        env={**handed_on(os.environ), **environment},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    # For as long as it runs: a pipe that nobody reads would stop it in the end.
    reading = asyncio.create_task(_read(process, says, said))
    try:
        if len(available_cores()) > 1:
            os.sched_setaffinity(process.pid, cores)  # before it has a second thread, which would not follow
        yield await _address(said, arguments[0])
    finally:
        await _end(process)
        reading.cancel()


async def _address(said: "asyncio.Future[str]", name: str) -> str:
    try:
        async with asyncio.timeout(_START_S):
            return await said
    except TimeoutError:
        raise CannotStart(f"{name} said no address within {_START_S:g} s") from None


async def _read(process: Process, says: re.Pattern[str], said: "asyncio.Future[str]") -> None:
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=_LAST_LINES)
    async for raw in process.stdout:
        last.append(raw.decode(errors="replace").rstrip())
        if not said.done() and (found := says.search(last[-1])):
            said.set_result(found[1])
    if not said.done():
        said.set_exception(CannotStart("\n".join(last)))


async def _end(process: Process) -> None:
    """SIGINT, on which the service cuts who is still connected after a second; SIGKILL for what does not go."""
    try:
        with suppress(ProcessLookupError, TimeoutError):
            async with asyncio.timeout(_STOP_S):
                process.send_signal(signal.SIGINT)
                await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
