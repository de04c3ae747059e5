"""A summary in the caller's own process: the same events, and nothing left behind on any way out."""

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel, SecretStr
from typing_extensions import override

from benchmarks.fake_upstream import Content, FakeUpstream, Role, Stall, answer, bullets
from streamsum import summarize, summarize_sync
from streamsum.core.events import Bullet, BulletDelta, Event, SummaryCompleted, SummaryFailed
from streamsum.core.passes import Cause, Prompt
from streamsum.errors import RequestRefused, SettingsError
from streamsum.settings import Settings
from tests.jumping_clock import in_jumping_time, timers
from tests.scripted import HANG, ScriptedReply, ScriptedUpstream, refused

LIMIT_S = 10
HEAD = '{"bullets": [{"text": "The first."}'
REST = ', {"text": "The second."}]}'
STALLED = (Role(), Content(HEAD), Stall())


def asking(fake: FakeUpstream, **settings: Any) -> Settings:
    return Settings(api_key=SecretStr("sk-test"), base_url=fake.base_url, **settings)


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


class ThreadUpstream(ScriptedUpstream):
    """Says to another thread when its call is over."""

    def __init__(self, **script: Any) -> None:
        super().__init__(**script)
        self.hung_up = threading.Event()

    @override
    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[ScriptedReply]:
        async with super().call(prompt, deadline=deadline) as reply:
            yield reply
        self.hung_up.set()


# With a loop.


@in_jumping_time
async def test_the_events_are_those_of_the_wire_as_frozen_objects() -> None:
    """From the creation to the ledger; the request's fields are its options."""
    upstream = ScriptedUpstream(script=[HEAD, REST])
    async with summarize("x", upstream=upstream, max_bullets=1, focus="prices", settings=Settings()) as events:
        seen = [event async for event in events]
    assert types(seen) == ["summary.created", "bullet", "summary.completed"]
    assert isinstance(seen[1], Bullet)
    assert seen[1].text == "The first."
    assert isinstance(seen[-1], SummaryCompleted)
    assert seen[-1].finish == "max_bullets"
    assert "prices" in upstream.prompts[0].user + upstream.prompts[0].system


@in_jumping_time
async def test_leaving_in_the_middle_hangs_up_the_model_and_leaves_nothing() -> None:
    """No task, no timer, no open call, by the time the block is left; an upstream that is given stays open."""
    upstream = ScriptedUpstream(script=[HEAD, HANG])
    async with summarize("x", upstream=upstream, settings=Settings()) as events:
        async for event in events:
            if isinstance(event, Bullet):
                break
        assert upstream.open == 1
    assert upstream.open == 0
    assert not upstream.let_go
    assert len(asyncio.all_tasks()) == 1
    assert timers() == 0


@in_jumping_time
async def test_leaving_without_reading_hangs_up_too() -> None:
    """Even before the model was called."""
    upstream = ScriptedUpstream(script=[HANG])
    async with summarize("x", upstream=upstream, settings=Settings()):
        pass
    assert upstream.open == 0
    assert len(asyncio.all_tasks()) == 1


@in_jumping_time
async def test_an_error_in_the_block_hangs_up_and_goes_its_way() -> None:
    """So does a cancellation, while the block waits for an event."""
    upstream = ScriptedUpstream(script=[HEAD, HANG])
    with pytest.raises(ZeroDivisionError):
        async with summarize("x", upstream=upstream, settings=Settings()):
            raise ZeroDivisionError

    async def read_on() -> None:
        async with asyncio.timeout(5), summarize("x", upstream=upstream, settings=Settings()) as events:
            async for _ in events:
                pass

    with pytest.raises(TimeoutError):
        await read_on()
    assert upstream.open == 0
    assert len(asyncio.all_tasks()) == 1


@in_jumping_time
async def test_a_model_that_fails_is_an_event() -> None:
    """As on the wire once a stream has begun."""
    upstream = ScriptedUpstream(connecting=[refused(Cause.OVERLOADED)])
    async with summarize("x", upstream=upstream, settings=Settings()) as events:
        last = [event async for event in events][-1]
    assert isinstance(last, SummaryFailed)
    assert last.problem.code == "overloaded"


@pytest.mark.parametrize(
    "options", [{"max_bullets": 51}, {"language": "in plain words"}, {"nonsense": 1}, {"text": " "}]
)
def test_a_request_that_does_not_fit_is_refused_before_anything_is_opened(options: dict[str, Any]) -> None:
    """In both ways of asking, at the call."""
    upstream = ScriptedUpstream()
    arguments = {"text": "x", "upstream": upstream, **options}

    async def ask() -> None:
        async with summarize(**arguments):
            raise AssertionError

    with pytest.raises(RequestRefused):
        asyncio.run(ask())
    with pytest.raises(RequestRefused):
        summarize_sync(**arguments)
    assert upstream.prompts == []


# What is asked.


async def test_the_upstream_of_the_settings_is_opened_and_closed() -> None:
    """Over real HTTP; leaving in mid-stream closes the connection."""
    async with asyncio.timeout(LIMIT_S), FakeUpstream(STALLED) as fake:
        async with summarize("x", settings=asking(fake)) as events:
            assert isinstance([await anext(events), await anext(events)][-1], Bullet)
            call = await fake.next_call()
        assert await call.closed(within=1) == "hung_up"
        assert fake.connections_open == 0


async def test_an_openai_client_brings_its_provider_and_stays_open() -> None:
    """Its address, key and headers; the settings name the model."""
    async with asyncio.timeout(LIMIT_S), FakeUpstream(answer(bullets("The first."))) as fake:
        async with AsyncOpenAI(api_key="sk-theirs", base_url=fake.base_url) as client:
            async with summarize("x", upstream=client, settings=Settings(model="theirs")) as events:
                last = [event async for event in events][-1]
            assert not client.is_closed()
        assert isinstance(last, SummaryCompleted)
        assert last.finish == "complete"
        assert fake.calls[0].headers["authorization"] == "Bearer sk-theirs"
        assert fake.calls[0].body["model"] == "theirs"


async def test_without_anything_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the OpenAI SDK reads it."""
    async with asyncio.timeout(LIMIT_S), FakeUpstream(answer(bullets("The first."))) as fake:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
        async with summarize("x") as events:
            assert isinstance([event async for event in events][-1], SummaryCompleted)
        assert fake.calls[0].headers["authorization"] == "Bearer sk-environment"


async def test_no_model_to_ask_is_a_settings_error() -> None:
    """With words for the operator."""
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        async with summarize("x", settings=Settings(upstream="openai")):
            raise AssertionError


# For scripts.


def test_a_script_gets_the_same_events() -> None:
    """With no loop of its own, and no thread left."""
    before = threading.active_count()
    upstream = ScriptedUpstream(script=[HEAD, REST])
    assert types(list(summarize_sync("x", upstream=upstream))) == [
        "summary.created",
        "bullet",
        "bullet",
        "summary.completed",
    ]
    assert threading.active_count() == before


@pytest.mark.parametrize("way", ["close", "drop", "raise"])
def test_a_script_that_leaves_hangs_up_the_model(way: str) -> None:
    """By closing the generator, by letting go of it, or by an error in the loop's body."""
    before = threading.active_count()
    upstream = ScriptedUpstream(script=[HEAD, HANG])
    events = summarize_sync("x", upstream=upstream)
    next(events), next(events)
    assert upstream.open == 1
    match way:
        case "close":
            events.close()
        case "drop":
            del events
            gc.collect()
        case _:
            with pytest.raises(ZeroDivisionError), closing(events):
                raise ZeroDivisionError
    assert upstream.open == 0
    assert threading.active_count() == before


def test_a_script_that_never_asks_starts_nothing() -> None:
    """The first `next()` does."""
    upstream = ScriptedUpstream(script=[HEAD])
    summarize_sync("x", upstream=upstream).close()
    assert upstream.prompts == []


async def test_a_script_may_have_a_loop_running() -> None:
    """As in a notebook."""
    upstream = ScriptedUpstream(script=[HEAD, REST])
    assert types(list(summarize_sync("x", upstream=upstream)))[-1] == "summary.completed"


def test_the_model_goes_on_while_the_script_is_busy() -> None:
    """The loop has a thread of its own: the model is through, its connection free, before the script asks again."""
    upstream = ThreadUpstream(script=[HEAD, REST])
    events = summarize_sync("x", upstream=upstream)
    next(events)
    assert upstream.hung_up.wait(timeout=LIMIT_S)
    assert types(list(events)) == ["bullet", "bullet", "summary.completed"]


def test_a_script_that_ends_in_the_middle_ends() -> None:
    """Its generator still alive, in a cycle even: the interpreter does not wait for it for ever."""
    script = """if True:
        from streamsum import summarize_sync
        from tests.scripted import HANG, ScriptedUpstream

        upstream = ScriptedUpstream(script=['{"bullets": ["The first."', HANG])
        events = summarize_sync("x", upstream=upstream)
        alive = [events, next(events), next(events)]
        alive.append(alive)
        print(alive[2].text)
    """
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "The first.\n", "")


class Fact(BaseModel):
    text: str
    year: int


async def test_an_item_model_by_argument_or_by_its_name() -> None:
    """The whole item as validated; what is not of its form is rejected."""
    script = ['[{"text": "The tower was lit.", "year": 1698}, "No year."]']
    for arguments in ({"item_model": Fact}, {"settings": Settings(item_model=f"{__name__}:Fact", reask=0)}):
        async with summarize(
            "x", **({"settings": Settings(reask=0)} | arguments), upstream=ScriptedUpstream(script=script)
        ) as events:
            _, bullet, rejected, last = [event async for event in events]
        assert bullet == Bullet(index=0, text="The tower was lit.", item={"text": "The tower was lit.", "year": 1698})
        assert (rejected.type, last.type) == ("bullet.rejected", "summary.completed")


async def test_a_model_is_one_of_those_that_are_offered() -> None:
    """Another name is refused, and nobody is asked."""
    upstream = ScriptedUpstream(script=['["The tower was lit."]'])
    async with summarize("x", upstream=upstream, settings=Settings(), model="parrot") as events:
        assert [event.type async for event in events] == ["summary.created", "bullet", "summary.completed"]
    with pytest.raises(RequestRefused):
        async with summarize("x", upstream=upstream, settings=Settings(), model="owl"):
            pass
    assert len(upstream.prompts) == 1


@in_jumping_time
async def test_a_preview_on_request() -> None:
    """The open bullet as it grows, among the events."""
    upstream = ScriptedUpstream(script=['["The tow', 0.5, 'er was lit."]'])
    async with summarize("x", upstream=upstream, settings=Settings(), preview=True) as events:
        assert BulletDelta(index=0, text="The tow") in [event async for event in events]
