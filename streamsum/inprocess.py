"""A summary in the caller's own process: the same events as on the wire, and no server.

Whoever opens the block owns the summary: leaving it, at any point and in any way, stops the model and lets go of all.
"""

import os
from collections.abc import AsyncIterator, Collection, Generator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from typing import Self, Unpack
from weakref import finalize

from anyio.from_thread import start_blocking_portal
from pydantic import BaseModel

from streamsum.core.events import ANY_EVENT, Event
from streamsum.core.models import Options, SummaryRequest
from streamsum.core.refusals import validate
from streamsum.item_model import load
from streamsum.runs.log import Listener
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.upstream.given import Given, opened


@asynccontextmanager
async def summarize(
    text: str,
    *,
    upstream: Given | None = None,
    settings: Settings | None = None,
    item_model: type[BaseModel] | None = None,
    **options: Unpack[Options],
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a summary of `text`, as frozen objects; what fails once it runs is a `SummaryFailed`, no exception.

    `item_model` is what each element must be: a Pydantic model with a `text: str` and anything more.

    Without `upstream` it is the one that `settings` name, without those the one that the environment names. One that is
    given is not closed. Raises RequestRefused if the request does not fit, SettingsError if there is no model to ask.
    """
    request = _request(text, options)
    settings = settings or Settings.read(os.environ)
    async with opened(upstream, settings) as upstreams:
        _request(text, options, models={each.model for each in upstreams})
        log = MemoryLog(grace_s=0, keep_s=0, keep_bytes=0)
        runs = Runs(upstreams=upstreams, log=log, settings=settings, item_model=item_model or load(settings.item_model))
        try:
            run = await runs.start(request)
            async with log.listen(run.id, "", None) as listener:
                yield _Events(listener)
        finally:
            await runs.aclose()
            await log.aclose()


def summarize_sync(
    text: str,
    *,
    upstream: Given | None = None,
    settings: Settings | None = None,
    item_model: type[BaseModel] | None = None,
    **options: Unpack[Options],
) -> Generator[Event, None, None]:
    """The same for scripts. The model is asked from the first `next()` on; closing the generator stops it.

    It runs on a loop in a thread of its own, so that its clocks go on while the script is busy, and that it can be used
    where a loop is running already. An `upstream` that is given must not be in use on another loop.
    """
    _request(text, options)  # refused here, not at the first event
    stack = ExitStack()
    events = _step(stack, summarize(text, upstream=upstream, settings=settings, item_model=item_model, **options))
    # A generator that hangs on when the interpreter ends is closed only after all threads have been: it would wait for
    # its own for ever. This is called before.
    finalize(events, stack.close)
    return events


def _step(stack: ExitStack, summary: AbstractAsyncContextManager[AsyncIterator[Event]]) -> Generator[Event, None, None]:
    try:
        portal = stack.enter_context(start_blocking_portal())
        events = stack.enter_context(portal.wrap_async_context_manager(summary))
        while (event := portal.call(_next, events)) is not None:
            yield event
    finally:
        stack.close()


async def _next(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)


def _request(text: str, options: Options, *, models: Collection[str] | None = None) -> SummaryRequest:
    """Validated; as long as the models are not known, any name will do."""
    if models is None:
        models = {str(options.get("model"))}
    # There is one listener, the block itself: when it leaves, nobody is left who could return.
    return validate({**options, "text": text, "on_disconnect": "cancel"}, models=models)


class _Events:
    """A listener's entries as events. No generator, which would need closing by somebody."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        news = await anext(self._listener)
        return ANY_EVENT.validate_json(news.data)
