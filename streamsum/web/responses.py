"""A summary's log as a response: an event stream, or one JSON object when all is over.

Both listen to the log for as long as they last, in one coroutine frame, so that the log notices their leaving on every
path; both watch the client's leaving from the first moment. There is one sender, so no heartbeat can overtake an event.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsum.errors import Expired, LogDown, LogError, NotFound, Problem, RequestRefused, StreamsumError
from streamsum.runs.log import Entry, Listener
from streamsum.web.departure import departure, let_go
from streamsum.web.feed import Feed, News, Source
from streamsum.web.frames import Frames
from streamsum.web.peek import Peek
from streamsum.web.problems import problem_response
from streamsum.web.service import Service
from streamsum.web.snapshots import snapshot


def location_of(scope: Scope, id: str) -> str:
    """A relative reference to a summary, from wherever the app is mounted."""
    return f"{quote(scope.get('root_path', ''))}/v1/summaries/{id}"


class EventStreamResponse:
    """Events from a place on, then live."""

    def __init__(
        self,
        service: Service,
        id: str,
        *,
        after: int | None,
        key: str,
        held: bool = False,
        started: asyncio.Future[Problem | None] | None = None,
    ) -> None:
        """`after=None`: from the start, of a summary that may not be there.

        `started`: hold the status for it; `held` without it: until the events tell.
        """
        self._service = service
        self._id = id
        self._key = key
        self._after = after
        self._held = held
        self._started = started

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises LogError before anything is sent, ClientGone at any time."""
        with self._service.telemetry.listening():
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        since = asyncio.get_running_loop().time()
        async with (
            self._service.log.listen(self._id, self._key, self._after) as listener,
            departure(receive),
        ):
            entries: Source = listener
            if self._held and self._started is None:
                entries = Peek(listener)
                self._started = entries.started()
            if problem := await self._why_not():
                await problem_response(problem)(scope, receive, send)
            elif await self._was_over():
                await Response(status_code=204)(scope, receive, send)
            else:
                frames = Frames(send)
                await frames.begin(location_of(scope, self._id))
                await self._pump(Feed(entries), frames, since=since)

    async def _why_not(self) -> Problem | None:
        """What went wrong before the first content: until then it is a real status."""
        if (started := self._started) is None:
            return None
        hold_s = self._service.settings.first_byte_s
        try:
            await asyncio.wait([started], timeout=hold_s)
            return started.result() if started.done() else None
        finally:
            if isinstance(started, asyncio.Task):  # our own look at the events
                await let_go(started)

    async def _was_over(self) -> bool:
        """Has the client had the last event?"""
        if not self._after:
            return False
        try:
            entries = await self._service.log.read(self._id, self._key)
        except NotFound:  # it ended, and went, since we began to listen
            raise Expired from None
        return bool(entries) and entries[-1].final and entries[-1].n == self._after

    async def _pump(self, feed: Feed, frames: Frames, *, since: float) -> None:
        try:
            while not feed.over:
                batch = await feed.batch(within=self._service.patience.silence_s)
                now = asyncio.get_running_loop().time()
                await frames.send(self._id, batch, last=feed.over)
                self._note(batch, now=now, since=since)  # behind it: the client need not wait for our figures
        except LogError:  # no terminal event: the client comes back, and finds what the log holds
            await frames.end()

    def _note(self, batch: Sequence[News], *, now: float, since: float) -> None:
        for news in batch:
            if isinstance(news, Entry) and news.event == "bullet":
                self._service.telemetry.note_sent(self._id, news.n, now=now, since=since)


class ResumeResponse:
    """An event stream; or, while the log cannot be reached, an empty one, so that an `EventSource` tries again."""

    def __init__(self, service: Service, id: str, *, after: int | None, key: str) -> None:
        self._id = id
        self._stream = EventStreamResponse(service, id, after=after, key=key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises LogError but LogDown before anything is sent, ClientGone at any time."""
        try:
            await self._stream(scope, receive, send)
        except LogDown:  # before the first byte: a stream that has begun ends without a word
            await _answer_nothing(self._id, scope, send)


class BegunResponse:
    """Of a summary that its request has just begun.

    If the log is lost before its id is told, nobody knows of it: it is stopped, for whoever tries again begins another.
    """

    def __init__(self, service: Service, id: str, answer: ASGIApp, *, to_event_source: bool) -> None:
        """`to_event_source`: it tries again only after an empty stream."""
        self._runs = service.runs  # not the run itself: an answer may be read for long after that has ended
        self._id = id
        self._answer = answer
        self._to_event_source = to_event_source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises LogError before anything is sent, ClientGone at any time."""
        try:
            await self._answer(scope, receive, send)
        except LogDown:  # before anything is sent
            self._runs.stop(self._id)
            if not self._to_event_source:
                raise
            await _answer_nothing(self._id, scope, send)


class JoinedResponse:
    """Of a summary that the same request had begun before; it may go before we listen, and then there is none."""

    def __init__(self, answer: ASGIApp, *, otherwise: Callable[[], Awaitable[ASGIApp]]) -> None:
        """`otherwise` begins one."""
        self._answer = answer
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises what either raises."""
        try:
            return await self._answer(scope, receive, send)
        except (NotFound, Expired):  # before anything is sent
            answer = await self._otherwise()
        return await answer(scope, receive, send)


class AcceptedResponse:
    """The summary runs, and its events are elsewhere."""

    def __init__(self, id: str, *, ticket: str) -> None:
        """`ticket`: for its events."""
        self._id = id
        self._ticket = ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        location = location_of(scope, self._id)
        answer = {"id": self._id, "events_url": f"{location}/events?ticket={self._ticket}"}
        headers = {"Location": location, "Preference-Applied": "respond-async"}
        await JSONResponse(answer, 202, headers)(scope, receive, send)


class SummaryResponse:
    """The whole summary, when it is over; until then its client counts as listening."""

    def __init__(self, service: Service, id: str, *, key: str) -> None:
        self._service = service
        self._id = id
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises LogError, ClientGone."""
        with self._service.telemetry.listening():
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._service.log.listen(self._id, self._key, 0) as entries, departure(receive):
            summary = snapshot(self._id, await _whole(Feed(entries)))
            if summary["status"] == "running":
                raise self._why_unfinished(entries)
            if summary["status"] == "failed" and not summary["bullets"]:
                response = problem_response(Problem.model_validate(summary["problem"]))
            else:
                response = JSONResponse(summary)
            await response(scope, receive, send)

    def _why_unfinished(self, listener: Listener) -> StreamsumError:
        """The log let go of its listener before the end."""
        if listener.dismissed:  # five others wait for the same
            return RequestRefused("overloaded")
        return RequestRefused("draining") if self._service.runs.draining else LogDown()


async def _answer_nothing(id: str, scope: Scope, send: Send) -> None:
    """An empty stream: an `EventSource` comes back."""
    frames = Frames(send)
    await frames.begin(location_of(scope, id))
    await frames.end()


async def _whole(feed: Feed) -> list[Entry]:
    entries: list[Entry] = []
    while not feed.over:
        entries += [news for news in await feed.batch() if isinstance(news, Entry)]
    return entries
