"""One process of the comparison: on a core of its own, its output kept for when it fails, and surely ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# The slowest to start imports for 5 s on a busy machine.
START_S = 60.0
END_S = 5.0


class DidNotStart(Exception):
    """A process ended, or did not listen in time; with the end of what it wrote."""


@contextmanager
def running(
    command: Sequence[str], *, core: int, environment: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, pinned to a core; its group is ended with the block."""
    with tempfile.TemporaryFile() as output:
        with on_core(core):
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**_inherited(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        except DidNotStart as error:
            output.seek(0)
            error.add_note(output.read()[-2000:].decode(errors="replace"))
            raise
        finally:
            _end(process)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """This thread, and what it starts meanwhile, runs there only: a child begins where its parent is."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _inherited() -> dict[str, str]:
    """Nothing that could lead a service to another upstream, or through a proxy."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
            break


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens. Raises DidNotStart."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DidNotStart(f"it ended with {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise DidNotStart(f"nothing listens after {START_S:g} s")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
