"""What a caller brings to ask: an `AsyncOpenAI`, an `Upstream` of their own, or nothing. Who opened it closes it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from openai import AsyncOpenAI

from streamsum.settings import Settings
from streamsum.upstream.base import Upstream
from streamsum.upstream.build import build_all, build_from

Given = Upstream | AsyncOpenAI


@asynccontextmanager
async def opened(given: Given | None, settings: Settings) -> AsyncIterator[tuple[Upstream, ...]]:
    """`given` as an upstream, else those that `settings` ask for, the default first. Raises SettingsError."""
    if given is not None and not isinstance(given, AsyncOpenAI):
        yield (given,)
        return
    async with AsyncExitStack() as stack:
        # Over our own connections: a client's stay open.
        upstreams = build_all(settings) if given is None else (build_from(given, settings),)
        for each in upstreams:
            stack.push_async_callback(each.aclose)
        yield upstreams
