"""`streamsum serve`: where it listens, what it says, and how it goes. Signals are sent to the test's own process."""

import asyncio
import json
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from typing_extensions import override

from benchmarks.fake_upstream import FakeUpstream, Gate, answer, bullets
from streamsum.cli import main
from streamsum.serve import THREADS, serve
from streamsum.settings import Settings
from streamsum.web.app import create_app
from tests.held import halved
from tests.programs import LIMIT_S, Program, passed_on, started, streamsum
from tests.scripted import ScriptedUpstream
from tests.servers import client_of, environment_for, post, raw_client

pytestmark = pytest.mark.both_loops

CANARY = "xyzzy-canary"
BODY = {"text": f"Nothing much happened, said {CANARY}.", "on_disconnect": "finish"}
DOCUMENT = bullets("The first.", "The second.")
BOTH = [signal.SIGTERM, signal.SIGINT]


class Lines(logging.Handler):
    """Wait for what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        self._more = asyncio.Event()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._said += f"{record.getMessage()}\n"
        self._more.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(LIMIT_S):
            while words not in self._said:
                self._more.clear()
                await self._more.wait()


class Serving:
    """`serve` in the test's own loop, and a client of it."""

    def __init__(
        self, task: "asyncio.Task[None]", client: httpx2.AsyncClient, lines: Lines, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.client = client
        self.says = lines.until
        self._task = task
        self._caplog = caplog

    async def stops(self) -> None:
        """Soon, without a traceback, and without a word of the text."""
        async with asyncio.timeout(LIMIT_S):
            await self._task
        assert "stopped" in self._caplog.text
        assert "Traceback" not in self._caplog.text
        assert CANARY not in self._caplog.text
        assert not [record for record in self._caplog.records if record.levelno > logging.WARNING]


@asynccontextmanager
async def serving(model: FakeUpstream, caplog: pytest.LogCaptureFixture, **settings: str) -> AsyncIterator[Serving]:
    caplog.set_level(logging.INFO, "streamsum")
    logging.getLogger("streamsum").addHandler(lines := Lines())
    app = create_app(Settings.read(environment_for(model) | settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(serve(app, listener))
        async with client_of(listener.getsockname()[1]) as client:
            await lines.until("listening url=")
            yield Serving(task, client, lines, caplog)
            assert task.done()
    logging.getLogger("streamsum").removeHandler(lines)


def events_with(source: httpx2.EventSource) -> AsyncIterator[dict[str, Any]]:
    return (json.loads(event.data) async for event in source)


@pytest.mark.parametrize("signum", BOTH)
async def test_without_work_it_stops_at_once(signum: signal.Signals, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it is asked with, and with a client connected."""
    async with FakeUpstream(answer(DOCUMENT)) as model, serving(model, caplog) as at:
        assert (await at.client.get("/readyz")).status_code == 200
        signal.raise_signal(signum)
        await at.stops()


async def test_sigterm_lets_summaries_come_to_their_end(caplog: pytest.LogCaptureFixture) -> None:
    """New ones are refused meanwhile, health is answered, and a client that lost its connection resumes."""
    gate, script = halved()
    async with FakeUpstream(script) as model, serving(model, caplog) as at:
        async with at.client.sse("/v1/summaries", method="POST", json=BODY) as source:
            events = events_with(source)
            id = (await anext(events))["id"]
            signal.raise_signal(signal.SIGTERM)
            await at.says("stopping signal=SIGTERM within_s=30.0 running=1")
            assert (await at.client.get("/readyz")).status_code == 503
            assert (await at.client.get("/healthz")).status_code == 200
            assert (await at.client.post("/v1/summaries", json=BODY)).json()["code"] == "draining"
            async with at.client.sse(f"/v1/summaries/{id}/events") as resumed:
                gate.open()
                assert [event["type"] async for event in events_with(resumed)][-1] == "summary.completed"
            assert [event["type"] async for event in events][-1] == "summary.completed"
        await at.stops()


@pytest.mark.parametrize(("signum", "settings"), [(signal.SIGTERM, {"STREAMSUM_DRAIN_S": "0.2"}), (signal.SIGINT, {})])
async def test_what_does_not_end_in_time_fails(
    signum: signal.Signals, settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """STREAMSUM_DRAIN_S, or a second for Ctrl-C: then the model is hung up, and the client told by an event."""
    async with FakeUpstream(halved()[1]) as model, serving(model, caplog, **settings) as at:
        async with at.client.sse("/v1/summaries", method="POST", json=BODY) as source:
            events = events_with(source)
            assert [(await anext(events))["type"] for _ in range(2)] == ["summary.created", "bullet"]
            signal.raise_signal(signum)
            last = [event async for event in events][-1]
            assert (last["type"], last["problem"]["code"]) == ("summary.failed", "draining")
            assert last["ledger"]["bullets"] == 1
        assert await model.calls[0].closed() == "hung_up"
        await at.stops()


@pytest.mark.parametrize("signum", BOTH)
async def test_a_second_signal_hastens(signum: signal.Signals, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for 30 s who has asked twice."""
    async with FakeUpstream(halved()[1]) as model, serving(model, caplog) as at:
        async with at.client.sse("/v1/summaries", method="POST", json=BODY) as source:
            events = events_with(source)
            await anext(events)
            signal.raise_signal(signal.SIGTERM)
            await at.says("stopping")
            signal.raise_signal(signum)
            assert [event async for event in events][-1]["problem"]["code"] == "draining"
        await at.stops()


async def test_a_held_status_becomes_draining(caplog: pytest.LogCaptureFixture) -> None:
    """Headers that are not out yet say it honestly."""
    script = (gate := Gate(), *answer(DOCUMENT))
    async with FakeUpstream(script) as model, serving(model, caplog, STREAMSUM_DRAIN_S="0.1") as at:
        held = asyncio.create_task(at.client.post("/v1/summaries", json=BODY))
        await gate.reached()
        signal.raise_signal(signal.SIGTERM)
        response = await held
        assert (response.status_code, response.json()["code"]) == (503, "draining")
        assert int(response.headers["retry-after"]) > 0
        await at.stops()


async def test_a_client_that_does_not_finish_its_request_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    """Nor does one that is connected and silent."""
    async with FakeUpstream(answer(DOCUMENT)) as model, serving(model, caplog) as at:
        port = at.client.base_url.port
        assert port is not None
        async with raw_client(port) as half, raw_client(port):
            await half.send(post(BODY)[:-5])
            assert (await at.client.get("/healthz")).status_code == 200
            signal.raise_signal(signal.SIGTERM)
            await at.stops()


async def test_it_says_what_it_uses_and_how_to_reach_it(caplog: pytest.LogCaptureFixture) -> None:
    """And nothing about itself to the clients."""
    async with FakeUpstream(answer(DOCUMENT)) as model, serving(model, caplog, STREAMSUM_MODEL="parrot-1") as at:
        await at.says("serving upstream=openai model=parrot-1")
        await at.says(f"listening url=http://127.0.0.1:{at.client.base_url.port}")
        assert "server" not in (await at.client.get("/healthz")).headers
        signal.raise_signal(signal.SIGTERM)
        await at.stops()


@pytest.mark.parametrize("signum", BOTH)
async def test_a_process_goes_in_mid_stream_without_a_word_of_the_text(signum: signal.Signals) -> None:
    """Exit 0, no traceback, at DEBUG too: the command, its libraries and the interpreter together."""
    async with FakeUpstream(halved()[1]) as model:
        environment = environment_for(model) | {"STREAMSUM_LOG_LEVEL": "DEBUG", "STREAMSUM_DRAIN_S": "0.2"}
        async with streamsum("serve", "--port", "0", environment=environment) as program:
            port = await program.port()
            async with (
                client_of(port) as client,
                client.sse("/stream", params={"q": BODY["text"], "on_disconnect": "finish"}) as source,
            ):
                events = events_with(source)
                assert [(await anext(events))["type"] for _ in range(2)] == ["summary.created", "bullet"]
                program.signal(signum)
                assert [event async for event in events][-1]["problem"]["code"] == "draining"
            status, output, errors = await program.ends()
    assert (status, output) == (0, "")
    assert "stopped" in errors
    for never in ("Traceback", "error", CANARY, "The first"):
        assert never not in errors


async def test_few_sources_are_indexed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many cores the node has: each takes many times its source meanwhile."""
    within, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal within, most
        with lock:
            within += 1
            most = max(most, within)
        together.wait(LIMIT_S)
        with lock:
            within -= 1

    together = threading.Barrier(THREADS)
    async with FakeUpstream(answer(DOCUMENT)) as model, serving(model, caplog) as service:
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*(asyncio.to_thread(work) for _ in range(2 * THREADS)))
        signal.raise_signal(signal.SIGTERM)
        await service.stops()
    assert most == THREADS


# `streamsum serve`, in a process that can be asked what its collector has to walk through.
ASKED = """
import gc, sys, threading
from streamsum.cli import main

def tell():
    sys.stdin.readline()
    print(gc.get_freeze_count(), len(gc.get_objects()), flush=True)

threading.Thread(target=tell, daemon=True).start()
sys.exit(main(["serve", "--port", "0"]))
"""


async def test_a_full_collection_does_not_walk_through_the_program() -> None:
    """It would hold every stream up, for a tenth of a second."""
    environment = passed_on({"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    async with started(sys.executable, "-c", ASKED, env=environment) as process:
        program = Program(process)
        await program.port()
        program.reads("\n")
        kept, walked_through = map(int, (await program.line()).split())
    assert kept > 10 * walked_through


async def test_a_server_that_goes_by_itself_ends_the_service() -> None:
    """Nobody waits for a signal then."""
    upstream = ScriptedUpstream()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as no_listener:
        no_listener.bind(("127.0.0.1", 0))
        async with asyncio.timeout(LIMIT_S):
            with pytest.raises(ValueError, match="Stream Socket"):
                await serve(create_app(Settings(), upstream=upstream), no_listener)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "words"),
    [
        (["--host", "0.0.0.0"], {}, 2, "STREAMSUM_NO_KEYS=1"),  # noqa: S104 - to be refused
        (["--host", "::"], {}, 2, "STREAMSUM_NO_KEYS=1"),
        (["--host", "0.0.0.0"], {"STREAMSUM_NO_KEYS": "1"}, 2, "set OPENAI_API_KEY"),  # noqa: S104 - to be refused
        (["--host", "no.such.host.invalid"], {}, 2, "--host"),
        ([], {"STREAMSUM_KEEP_S": CANARY}, 2, "STREAMSUM_KEEP_S must be"),
    ],
)
def test_what_cannot_be_is_told(
    arguments: list[str],
    environment: dict[str, str],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    sober_logging: None,
) -> None:
    """In a line, and not by a traceback."""
    assert main(["serve", *arguments], environment=environment) == status
    output, errors = capsys.readouterr()
    assert output == ""
    assert words in errors
    assert errors.count("\n") == 1
    assert CANARY not in errors


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str], sober_logging: None) -> None:
    """Exit 1: it may be free later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port], environment={}) == 1
    assert capsys.readouterr().err.startswith(f"streamsum: cannot listen on port {port}: ")
