"""What a caller brings to ask: an `AsyncOpenAI`, an `Upstream` of their own, or nothing. Who opened it closes it."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from openai import AsyncOpenAI

from streamsum.settings import Settings
from streamsum.upstream.base import Upstream
from streamsum.upstream.build import build, build_from

Given = Upstream | AsyncOpenAI


@asynccontextmanager
async def opened(given: Given | None, settings: Settings) -> AsyncIterator[Upstream]:
    """`given` as an upstream, else the one that `settings` ask for. Raises SettingsError."""
    if given is None:
        async with aclosing(build(settings)) as ours:
            yield ours
    elif isinstance(given, AsyncOpenAI):
        async with aclosing(build_from(given, settings)) as ours:  # over our connections: the client's stay open
            yield ours
    else:
        yield given
