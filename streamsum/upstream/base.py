"""The seam to the model's side: what every upstream can do. Nothing here knows a bullet or a route."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from streamsum.core.passes import End, Prompt
from streamsum.errors import StreamsumError
from streamsum.settings import OutputMode


class UpstreamError(StreamsumError):
    """A pass ended before its first content."""

    def __init__(self, end: End) -> None:
        """`end` says how."""
        super().__init__(end.cause)
        self.end = end


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an upstream is good for."""

    output_mode: OutputMode = "json_schema"  # how it is asked for JSON
    quotes: bool = False  # can it be trusted to quote the source?
    context_tokens: int | None = None  # prompt and answer together; None: not known


class Reply(Protocol):
    """An answer that is arriving. Leaving `Upstream.call` closes its socket, on every path."""

    def __aiter__(self) -> AsyncIterator[str]:
        """The content of one network read after the other, joined; "" means: reasoning, or alive."""
        ...

    def end(self) -> End:
        """How it ended; asked once the iteration is over, or was left."""
        ...


# Takes the content of one network read ("": reasoning, or alive); returns whether it wants more.
Take = Callable[[str], bool]


class Pouring(Reply, Protocol):
    """A reply that needs fewer wake-ups: what comes is handed on in the frame that received it."""

    async def pour(self, take: Take) -> bool:
        """Hand on what comes until `take` has enough: True, or until the end: False. Raises what `take` raises."""
        ...


async def pour(reply: Reply | Pouring, take: Take) -> bool:
    """The same for any reply: over some it can only iterate."""
    # Asked for by name: `isinstance` with a protocol takes longer than to read a chunk.
    if (direct := getattr(reply, "pour", None)) is not None:
        more: bool = await direct(take)
        return more
    async for text in reply:
        if not take(text):
            return True
    return False


class Upstream(Protocol):
    """Any model that can be called."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    @property
    def model(self) -> str:
        """The model's own name."""
        ...

    @property
    def can(self) -> Capabilities:
        """What it is good for."""
        ...

    def call(self, prompt: Prompt, *, deadline: float) -> AbstractAsyncContextManager[Reply]:
        """One pass. Entered: a 2xx has come. Raises UpstreamError. `deadline` is in `loop.time()` seconds."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and processes."""
        ...
