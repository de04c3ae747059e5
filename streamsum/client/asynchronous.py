"""The client for asyncio, and for trio: the twin of `synchronous.py`, line by line."""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Self, Unpack

import anyio
import httpx2

from streamsum.client.asking import CANCEL_S, DEFAULT_URL, ClientOptions, body_of, http_options, new_key
from streamsum.client.course import Course
from streamsum.client.errors import Unreachable
from streamsum.client.persistence import Persistence
from streamsum.client.refusal import MAX_PROBLEM_BYTES, read, succeeded, why
from streamsum.core.events import Event
from streamsum.core.replies import ModelReply, ModelsReply, SummaryReply

Sleep = Callable[[float], Awaitable[object]]


class AsyncClient:
    """A server, spoken to from a loop. Every method raises ClientError; `summarize` at its first event."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        persistence: Persistence | None = None,
        http: httpx2.AsyncClient | None = None,
        sleep: Sleep = anyio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """As `Client`. Raises ValueError."""
        self._http = http or httpx2.AsyncClient(**http_options(url, key))
        self._is_own = http is None
        self._course = partial(Course, persistence=persistence or Persistence(), draw=draw)
        self._sleep = sleep
        self._begun: set[Course] = set()

    def summarize(
        self, text: str, *, idempotency_key: str | None = None, **options: Unpack[ClientOptions]
    ) -> "AsyncEvents":
        """As `Client.summarize`: `async with client.summarize(text) as events: async for event in events: …`.

        Without the block a summary that is left early is cancelled when the loop gets round to it, or the client is
        closed, not at once.
        """
        course = self._course(body=body_of(text, options), idempotency_key=idempotency_key or new_key())
        return AsyncEvents(self._http, course, self._sleep, self._begun)

    def follow(self, id: str, *, after: int = 0) -> "AsyncEvents":
        """The events of a summary that somebody began, after the event `after`; leaving does not cancel it."""
        return AsyncEvents(self._http, self._course(id=id, after=after), self._sleep, self._begun)

    async def show(self, id: str) -> SummaryReply:
        """What is known of a summary by now."""
        return read(SummaryReply, await self._ask("GET", f"/v1/summaries/{id}"))

    async def cancel(self, id: str) -> None:
        """End a summary that runs, or forget one that has ended."""
        await self._ask("DELETE", f"/v1/summaries/{id}")

    async def models(self) -> tuple[ModelReply, ...]:
        """Those that a request may name, the default first."""
        return read(ModelsReply, await self._ask("GET", "/v1/models")).models

    async def aclose(self) -> None:
        """Let go of what has been left, or is still open, and of the connections."""
        with anyio.move_on_after(CANCEL_S, shield=True):
            for course in list(self._begun):
                await _leave(self._http, course)
        if self._is_own:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _ask(self, method: str, path: str) -> httpx2.Response:
        try:
            return succeeded(await self._http.request(method, path))
        except httpx2.RequestError as error:
            raise Unreachable(why(error)) from error


class AsyncEvents:
    """The events of one summary, to be iterated once; a block around it closes it."""

    def __init__(self, http: httpx2.AsyncClient, course: Course, sleep: Sleep, begun: set[Course]) -> None:
        """Made by `AsyncClient.summarize` and `AsyncClient.follow`: nothing is asked before the first event is."""
        self._course = course
        self._events = _follow(http, course, sleep, begun)

    @property
    def id(self) -> str | None:
        """The summary's, once it is known."""
        return self._course.id or None

    async def aclose(self) -> None:
        """Let go, of a summary that was begun here before its end too."""
        await self._events.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def _follow(
    http: httpx2.AsyncClient, course: Course, sleep: Sleep, begun: set[Course]
) -> AsyncGenerator[Event, None]:
    begun.add(course)
    try:
        while not course.over:
            async with aclosing(_one_connection(http, course)) as events:
                async for event in events:
                    yield event
            if not course.over:
                await sleep(course.pause_s)
    finally:
        begun.discard(course)
        with anyio.move_on_after(CANCEL_S, shield=True):  # whoever is cancelled can still say so
            await _leave(http, course)


async def _leave(http: httpx2.AsyncClient, course: Course) -> None:
    if course.leave() and not http.is_closed:
        with suppress(httpx2.HTTPError):
            await _cancel(http, course)


async def _cancel(http: httpx2.AsyncClient, course: Course) -> None:
    if (ask := course.ask_for_id()) is not None:
        method, path, headers, json = ask
        course.joined(await http.request(method, path, headers=headers, json=json, timeout=CANCEL_S))
    if course.id:
        await http.delete(f"/v1/summaries/{course.id}", timeout=CANCEL_S)


async def _one_connection(http: httpx2.AsyncClient, course: Course) -> AsyncGenerator[Event, None]:
    method, path, headers, json = course.ask()
    error: httpx2.RequestError | None = None
    try:
        async with http.sse(path, method=method, headers=headers, json=json) as source:
            if not course.opens(source.response):
                course.ends(source.response, await _body(source.response))
                return
            async for sse in source:
                if (event := course.takes(sse)) is not None:
                    yield event
                if course.over:
                    return
    except httpx2.RequestError as lost:
        error = lost
    course.lost(error)


async def _body(response: httpx2.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_PROBLEM_BYTES:
            break
    return body
