"""Nothing of a text, a key, a header, a query, an upstream's words or a model's is recorded anywhere, at DEBUG: the
whole suite of faults, of models' texts and of callers, with canaries in every place, under one watch each.
"""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from benchmarks.fake_upstream import (
    Content,
    Delivery,
    Done,
    FakeUpstream,
    Finish,
    Forever,
    Reset,
    Role,
    Script,
    Status,
    Step,
    Usage,
    answer,
    bullets,
)
from streamsum.core.passes import Prompt
from streamsum.settings import Settings
from streamsum.telemetry.logs import logger
from streamsum.web.patience import Patience
from tests.keys import bearer
from tests.leaks import CALLER, KEY, Watch, watched
from tests.logs import until_reached
from tests.redis_server import RedisServer
from tests.scripted import ScriptedUpstream
from tests.servers import environment_for, raw_client
from tests.test_callers import MAX_BODY_BYTES, ROWS
from tests.test_faults import FAULTS, NOISE, POSITIONS, REFUSALS, Fault, Refused
from tests.test_model_text import TEXTS
from tests.upstreams import settings_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sober_logging")]

# A machine that stops for a moment must not turn what is no silence into one.
CLOCK = {"STREAMSUM_STALL_S": "0.7", "OPENAI_API_KEY": KEY}
SUNG = answer(bullets("Another canary sang.", "A third canary sang.", "A canary fell silent."))


@dataclass
class Playing:
    """What the fake model plays now, however often it is called."""

    script: Script = ()

    def __call__(self, _body: object, _n: int) -> Script:
        return self.script


def with_canaries(text: str) -> str:
    """A model's text, whose strings sing, and what stands before its document."""
    return f"The canary says: {text}".replace('["', '["The canary sang. ').replace("first one", "a first canary")


def after(content: str, steps: Sequence[Step]) -> Script:
    return (Role(), Content(with_canaries(content)), *steps)


def is_heavy(fault: Fault) -> bool:
    """Megabytes: enough of them at one position."""
    return len(str(fault.steps)) > 10_000 or any(isinstance(step, Forever) for step in fault.steps)


@pytest.mark.parametrize("position", [*POSITIONS, "at once"])
async def test_no_fault_of_an_upstream(position: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each of them, before and behind any content."""
    playing = Playing()
    async with FakeUpstream(playing) as model:
        settings = Settings.read(environment_for(model) | CLOCK)
        async with watched(None, capfd, settings=settings) as watch:
            for fault in FAULTS:
                if position == "at once":
                    playing.script = tuple(fault.steps)
                elif position == "before" or not is_heavy(fault):
                    playing.script = after(POSITIONS[position][0], fault.steps)
                await watch.post()
        assert model.calls_made >= len(FAULTS)
    assert watch.leaks() == []


async def test_no_noise_and_no_refusal(capfd: pytest.CaptureFixture[str]) -> None:
    """What is odd but normal; and every status, with the provider's message, on both wires of asking."""
    playing = Playing()
    async with FakeUpstream(playing) as model:
        settings = Settings.read(environment_for(model) | CLOCK)
        async with watched(None, capfd, settings=settings) as watch:
            for step in NOISE.values():
                playing.script = (step, *after(POSITIONS["after"][0], (step, Finish("stop"), Usage(3, 4), Done())))
                await watch.post()
            for refused in (*REFUSALS, *NAMING):
                playing.script = (Status(refused.status, dict(refused.headers), refused.body),)
                await watch.post(stream=False)
                await watch.get("/stream")
                await watch.get("/v1/summaries")
    assert watch.leaks() == []


# A 400 that names a parameter of ours, and quotes what it was sent.
NAMING = [
    Refused(400, "", 0, {"error": {"message": f"{name}: canary", "param": name, "code": "canary " * 20}})
    for name in ("response_format", "stream_options", "max_tokens", "temperature")
]


@pytest.mark.parametrize("position", ["at once", "between"])
async def test_no_failover(position: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each fault again, with a second upstream that goes on."""
    playing = Playing()
    async with FakeUpstream(playing) as first, FakeUpstream(SUNG) as second:
        settings = settings_of(tmp_path, first, second, STREAMSUM_STALL_S=CLOCK["STREAMSUM_STALL_S"])
        async with watched(None, capfd, settings=settings) as watch:
            for fault in FAULTS:
                if not is_heavy(fault):
                    between = after(POSITIONS["between"][0], fault.steps)
                    playing.script = tuple(fault.steps) if position == "at once" else between
                    await watch.post()
        assert second.calls_made
    assert watch.leaks() == []


async def test_no_asking_again(capfd: pytest.CaptureFixture[str]) -> None:
    """What was withheld is told to the model, and to nobody else; however that ends."""
    bad = json.dumps({"bullets": ["The canary was lit in 1698.", "The canary was lit in 1798.", 7]})
    ends: list[Script] = [SUNG, (Status(500, body=b"canary"),), (Reset(),), after('{"bullets": ["', (Reset(),))]
    scripts = [script for end in ends for script in (answer(bad), end)]
    async with FakeUpstream(scripts) as model:
        settings = Settings.read(environment_for(model) | CLOCK)
        async with watched(None, capfd, settings=settings) as watch:
            for _ in ends:
                await watch.post(evidence="require", preview=False)
        assert model.calls_made == len(scripts)
    assert watch.leaks() == []


async def test_no_text_of_a_model(capfd: pytest.CaptureFixture[str]) -> None:
    """Everything that a model may write, sound or broken, with previews of it."""
    playing = Playing()
    async with FakeUpstream(playing, delivery=Delivery(cut=97)) as model:
        settings = Settings.read(environment_for(model) | CLOCK)
        async with watched(None, capfd, settings=settings) as watch:
            for text in TEXTS:
                playing.script = answer(with_canaries(text.text), token_chars=64)
                await watch.post(preview=True)
    assert watch.leaks() == []


@pytest.mark.parametrize("keyed", [False, True], ids=["without keys", "with keys"])
async def test_no_caller(keyed: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is refused, with canaries in the query, in headers and in bodies."""
    settings, patience = Settings(max_body_bytes=MAX_BODY_BYTES), Patience(body_s=0.05)
    upstream = ScriptedUpstream(script=["[]"])
    async with watched(upstream, capfd, settings=settings, patience=patience, keyed=keyed) as watch:
        for request in (request for row in ROWS for request in row.requests):
            async with raw_client(watch.it.port) as client:
                await client.send(sung(request))
                status, headers = await client.head()
                assert "canary" not in str(headers)
                if request.startswith(b"HEAD") or "content-length" not in headers:
                    continue
                told = await client.reader.readexactly(int(headers["content-length"]))
                assert b"canary" not in told, (status, told)
        await watch.post(canary="canary")
        await watch.post(model="canary")
        await watch.post(language="canary " * 9)
        await watch.get("/stream/canary")
    assert watch.leaks() == []


def sung(request: bytes) -> bytes:
    """With canaries in its head."""
    line, _, rest = request.partition(b"\r\n")
    line = line.replace(b"?q=a", b"?q=canary").replace(b"?text=a", b"?text=canary")
    head = "Cookie: canary\r\nX-Canary: canary\r\nAccept-Language: canary\r\n"
    return line + f"\r\nAuthorization: Bearer {CALLER}\r\n{head}".encode() + rest


async def test_no_event_log_elsewhere(redis: RedisServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """On Redis, with requests sealed for whoever may take them over."""
    secrets = tmp_path / "secrets"
    secrets.write_text("a-canary-that-nobody-must-hear-of\n")
    shared = {"STREAMSUM_EVENT_LOG": redis.url, "STREAMSUM_SECRET_FILE": str(secrets)}
    async with FakeUpstream(SUNG) as model:
        settings = Settings.read(environment_for(model) | CLOCK | shared)
        async with watched(None, capfd, settings=settings) as watch:
            await until_reached(watch.it.service.log)
            for _ in range(3):
                await watch.post(preview=True)
            await watch.get("/v1/summaries")
    assert watch.leaks() == []


async def test_no_bug(capfd: pytest.CaptureFixture[str]) -> None:
    """Ours, or an upstream's of somebody's own: exceptions quote what they are about."""
    async with watched(Broken(), capfd) as watch:
        for stream in (True, False):
            await watch.post(stream=stream)
        await watch.get("/stream")
    assert '"error": "RuntimeError at ' in watch.seen["log"]
    assert watch.leaks() == []


class Broken(ScriptedUpstream):
    @override
    def call(self, prompt: Prompt, *, deadline: float) -> Any:
        raise RuntimeError(prompt.user)


# The watch itself.


@pytest.mark.parametrize(
    ("place", "plant"),
    [
        ("log", lambda _: logger.warning("upstream refused a call", provider_code="canary")),
        ("log", lambda _: logger.debug("answered", what="a CANARY")),
        ("output", lambda _: print("canary")),
        ("output", lambda _: sys.stderr.write("canary\n")),
        ("figures", lambda watch: watch.it.service.telemetry.note_problem("canary")),
        ("traces", lambda watch: watch.it.service.telemetry.tracing.begin("canary", kind="internal").end()),
    ],
)
async def test_a_leak_that_is_planted_is_found(
    place: str, plant: Callable[[Watch], object], capfd: pytest.CaptureFixture[str]
) -> None:
    """In each place: the test can fail."""
    async with watched(ScriptedUpstream(script=["[]"]), capfd) as watch:
        await watch.post()
        plant(watch)
    assert [leak.partition(":")[0] for leak in watch.leaks()] == [place]


async def test_a_leak_in_an_answer_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    """A bullet is what was asked for; anything else that sings is none of it."""
    async with watched(ScriptedUpstream(script=['["The canary sang."]']), capfd) as watch:
        await watch.post()
        assert "canary" not in watch._answers[0].lower()  # noqa: SLF001 - of the tests' own
        for path, headers in (("/stream?q=canary", {"Accept": "a/b"}), ("/v1/summaries/x", {"X-Request-ID": "canary"})):
            watch.note_answer(await watch.it.client.get(path, headers={**bearer(CALLER), **headers}))
    assert watch.leaks()
    assert {leak.partition(":")[0] for leak in watch.leaks()} == {"answers", "log", "traces"}


async def test_a_library_that_talks_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    """So that its silence proves something: a line of it arrives, without its words."""
    async with watched(ScriptedUpstream(script=["[]"]), capfd) as watch:
        await watch.post()
        logging.getLogger("aiohttp.client").warning("canary")
    assert '"logger": "aiohttp.client"' in watch.seen["log"]
    assert watch.leaks() == []
