"""The calls that a summary costs, held to a bound: the same on every machine and every Python. No clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks import service
from benchmarks.service import SCENES, Scene, WrongAnswer
from streamsum.core.passes import End, Prompt
from streamsum.upstream.base import Capabilities, Reply, Upstream

# A fifth more is a slip, and noticed. What has become cheaper by as much is to be written down, or it could slip back.
MOST = 1.15

every_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)


def calls(scene: Scene, *, spoil: service.Spoil = service.as_it_is) -> int:
    return asyncio.run(service.count(scene, spoil=spoil)).a_summary


@every_scene
def test_a_summary_costs_as_many_calls_as_it_did(scene: Scene) -> None:
    """If this fails: find what is called (`python -m benchmarks.service --top 40`), or write down why it has to be."""
    assert scene.calls / MOST < calls(scene) < scene.calls * MOST


class Slow:
    """Another upstream, whose replies can only be iterated over: a task wakes up for every read."""

    def __init__(self, inner: Upstream) -> None:
        self._inner = inner
        self.name = inner.name
        self.model = inner.model
        self.can: Capabilities = inner.can

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[Reply]:
        async with self._inner.call(prompt, deadline=deadline) as reply:
            yield SlowReply(reply)

    async def aclose(self) -> None:
        await self._inner.aclose()


class SlowReply:
    def __init__(self, inner: Reply) -> None:
        self._inner = inner

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return await anext(aiter(self._inner))

    def end(self) -> End:
        return self._inner.end()


def test_a_planted_slip_is_seen() -> None:
    """A frame or two more between the socket and the scanner, for each chunk."""
    (at_pace,) = (scene for scene in SCENES if scene.name == "at pace")
    assert calls(at_pace, spoil=Slow) > at_pace.calls * MOST


def test_a_wrong_answer_is_caught() -> None:
    """Who tells fewer bullets makes fewer calls."""
    with pytest.raises(WrongAnswer, match="4 bullets of 5"):
        calls(Scene(name="too many", tokens=100, bullets=5, chunks_a_read=100, most=4, calls=0))


def test_it_prints_what_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a scene, and under it the functions that are called most."""
    service.main(["--top", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SCENES) * 4
    assert lines[0].startswith("at pace")
