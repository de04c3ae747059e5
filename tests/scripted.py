"""An upstream that plays a script, in the place of the network: what it says, when, and whether it was hung up."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from typing_extensions import override

from streamsum.core.passes import Cause, End, Prompt
from streamsum.upstream.base import Capabilities, UpstreamError

# Content; seconds to wait; a gate to wait at; an error to raise; None: nothing more, and no end.
Step = str | float | asyncio.Event | Exception | None
HANG = None


@dataclass(kw_only=True)
class ScriptedUpstream:
    """Each call plays `connecting` before it is answered, then `script`, and then has ended as `ended` says."""

    script: Sequence[Step] = ()
    connecting: Sequence[Step] = ()
    ended: End = field(default_factory=lambda: End(Cause.STOP, finish_reason="stop"))
    name: str = "scripted"
    model: str = "parrot"
    can: Capabilities = field(default_factory=Capabilities)
    prompts: list[Prompt] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)
    open: int = 0
    called: asyncio.Event = field(default_factory=asyncio.Event)  # once at least
    closed: asyncio.Event = field(default_factory=asyncio.Event)  # no call is open any more
    let_go: bool = False

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator["ScriptedReply"]:
        self.called.set()
        self.prompts.append(prompt)
        self.deadlines.append(deadline)
        self.open += 1
        try:
            assert await _play(iter(self.connecting)) is None, "no content before the answer"
            yield ScriptedReply(self.script, self.ended)
        finally:
            self.open -= 1
            if not self.open:
                self.closed.set()

    async def aclose(self) -> None:
        self.let_go = True


@dataclass(kw_only=True)
class Changing(ScriptedUpstream):
    """Each call has another answer."""

    answers: list[str]

    @override
    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator["ScriptedReply"]:
        self.script = [self.answers.pop(0)]
        async with super().call(prompt, deadline=deadline) as reply:
            yield reply


class ScriptedReply:
    def __init__(self, script: Sequence[Step], ended: End) -> None:
        self._steps = iter(script)
        self._ended = ended
        self._at_end = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        text = await _play(self._steps)
        if text is None:
            self._at_end = True
            raise StopAsyncIteration
        return text

    def end(self) -> End:
        return self._ended if self._at_end else End(Cause.CLOSED_BY_US)


async def _play(steps: Iterator[Step]) -> str | None:
    """Play on to the next content, or to the end."""
    for step in steps:
        match step:
            case str():
                await asyncio.sleep(0)  # a read is a wake-up
                return step
            case float():
                await asyncio.sleep(step)
            case asyncio.Event():
                await step.wait()
            case Exception():
                raise step
            case None:
                await asyncio.get_running_loop().create_future()
    return None


def refused(cause: Cause) -> UpstreamError:
    """What a call raises that is not answered."""
    return UpstreamError(End(cause))
