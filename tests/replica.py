"""`streamsum serve` in a process that has been forked: at once, where the program itself takes seconds to load.

It is the same code on a port of its own choice, with its own clocks; what it says goes into a file.
"""

import asyncio
import json
import os
import signal
import socket
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from streamsum.runs.redis_log import RedisLog, Times
from streamsum.serve import serve
from streamsum.settings import Settings
from streamsum.telemetry.logs import set_up
from streamsum.web.app import create_app
from tests.steady_clock import SteadyLoop

LIMIT_S = 30

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.replica"])


class Replica:
    """A process: it can be sent signals, and says where it listens."""

    def __init__(self, process: ForkServerProcess, said: Path) -> None:
        self._process = process
        self._said = said
        self.port = 0

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def said(self) -> str:
        return self._said.read_text() if self._said.exists() else ""

    async def says(self, words: str) -> str:
        """The line with these words, as soon as it has said it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                if line := next((each for each in self.said.splitlines() if words in each), None):
                    return line
                assert self._process.exitcode is None, self.said
                await asyncio.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        await self.ends()

    async def goes(self) -> str:
        """By SIGTERM; gives what it had to say."""
        self.signal(signal.SIGTERM)
        return await self.has_gone()

    async def has_gone(self) -> str:
        """With 0, and without a traceback."""
        assert await self.ends() == 0, self.said
        assert "Traceback" not in self.said
        assert "a bug" not in self.said, self.said
        return self.said

    async def ends(self) -> int | None:
        """Its exit status."""
        async with asyncio.timeout(LIMIT_S):
            while self._process.exitcode is None:  # noqa: ASYNC110 - no loop watches this process
                await asyncio.sleep(0.02)
        return self._process.exitcode

    def destroy(self) -> None:
        if self._process.exitcode is None:
            self._process.kill()
        self._process.join()


@asynccontextmanager
async def forked(environment: Mapping[str, str], said: Path, *, times: Times) -> AsyncIterator[Replica]:
    """Killed at the end of the block, if it still runs; `said`: a file for what it says."""
    process = _FORKS.Process(target=_run, args=(dict(environment), str(said), times))
    process.start()
    replica = Replica(process, said)
    try:
        replica.port = int(json.loads(await replica.says('"event": "listening"'))["url"].rpartition(":")[2])
        yield replica
    finally:
        replica.destroy()


def _run(environment: Mapping[str, str], said: str, times: Times) -> None:
    with open(said, "w", buffering=1) as file:  # noqa: PTH123 - by its descriptor
        os.dup2(file.fileno(), 2)
        try:
            with asyncio.Runner(loop_factory=SteadyLoop) as runner:
                runner.run(_serve(Settings.read(environment), times))
        except BaseException:
            traceback.print_exc()
            raise


async def _serve(settings: Settings, times: Times) -> None:
    set_up(settings.log_level, settings.log_format)
    url = settings.event_log.get_secret_value()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        async with RedisLog(url, grace_s=settings.grace_s, keep_s=settings.keep_s, times=times) as log:
            await serve(create_app(settings, log=log), listener)
