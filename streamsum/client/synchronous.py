"""The client for scripts."""

import random
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from typing import Self, Unpack

import httpx2

from streamsum.client.asking import CANCEL_S, DEFAULT_URL, ClientOptions, body_of, http_options, new_key, on_the_way_out
from streamsum.client.course import Course
from streamsum.client.errors import Unreachable
from streamsum.client.persistence import Persistence
from streamsum.client.refusal import MAX_PROBLEM_BYTES, read, succeeded, why
from streamsum.core.events import Event
from streamsum.core.replies import ModelReply, ModelsReply, SummaryReply


class Client:
    """A server, spoken to from a script. Every method raises ClientError; `summarize` at its first event."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        persistence: Persistence | None = None,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], object] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`key`: as `streamsum key` prints it. `http`: one of your own, with its base URL, for a proxy or certificates;
        it is not closed. `sleep` and `draw` (a number from 0 to 1) decide how long a pause is. Raises ValueError.
        """
        self._http = http or httpx2.Client(**http_options(url, key))
        self._is_own = http is None
        self._course = partial(Course, persistence=persistence or Persistence(), draw=draw)
        self._sleep = sleep
        self._begun: set[Course] = set()

    def summarize(self, text: str, *, idempotency_key: str | None = None, **options: Unpack[ClientOptions]) -> "Events":
        """The events of a summary of `text`, to the last, over as many connections as it takes.

        Who leaves before the last event, or closes it or the client, cancels the summary: not with
        `on_disconnect="finish"`. The same `idempotency_key` with the same request joins the summary that it began; by
        default each call is one of its own.
        """
        course = self._course(body=body_of(text, options), idempotency_key=idempotency_key or new_key())
        return Events(self._http, course, self._sleep, self._begun)

    def follow(self, id: str, *, after: int = 0) -> "Events":
        """The events of a summary that somebody began, after the event `after`; leaving does not cancel it."""
        return Events(self._http, self._course(id=id, after=after), self._sleep, self._begun)

    def show(self, id: str) -> SummaryReply:
        """What is known of a summary by now."""
        return read(SummaryReply, self._ask("GET", f"/v1/summaries/{id}"))

    def cancel(self, id: str) -> None:
        """End a summary that runs, or forget one that has ended."""
        self._ask("DELETE", f"/v1/summaries/{id}")

    def models(self) -> tuple[ModelReply, ...]:
        """Those that a request may name, the default first."""
        return read(ModelsReply, self._ask("GET", "/v1/models")).models

    def close(self) -> None:
        """Let go of what has been left, or is still open, and of the connections."""
        until = time.monotonic() + CANCEL_S
        for course in list(self._begun):
            _leave(self._http, course, until=until)
        if self._is_own:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, method: str, path: str) -> httpx2.Response:
        try:
            return succeeded(self._http.request(method, path))
        except httpx2.RequestError as error:
            raise Unreachable(why(error)) from error


class Events:
    """The events of one summary, to be iterated once; a block around it closes it."""

    def __init__(
        self, http: httpx2.Client, course: Course, sleep: Callable[[float], object], begun: set[Course]
    ) -> None:
        """Made by `Client.summarize` and `Client.follow`: nothing is asked before the first event is."""
        self._course = course
        self._events = _follow(http, course, sleep, begun)

    @property
    def id(self) -> str | None:
        """The summary's, once it is known."""
        return self._course.id or None

    def close(self) -> None:
        """Let go, of a summary that was begun here before its end too."""
        self._events.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _follow(
    http: httpx2.Client, course: Course, sleep: Callable[[float], object], begun: set[Course]
) -> Generator[Event, None, None]:
    begun.add(course)
    try:
        while not course.over:
            yield from _one_connection(http, course)
            if not course.over:
                sleep(course.pause_s)
    finally:
        begun.discard(course)
        _leave(http, course, until=time.monotonic() + CANCEL_S)


def _leave(http: httpx2.Client, course: Course, *, until: float) -> None:
    if course.leave() and not http.is_closed:
        with suppress(httpx2.HTTPError):
            _cancel(http, course, until=until)


def _cancel(http: httpx2.Client, course: Course, *, until: float) -> None:
    if (ask := course.ask_for_id()) is not None:
        method, path, headers, json = ask
        timeout = on_the_way_out(until - time.monotonic())
        course.joined(http.request(method, path, headers=headers, json=json, timeout=timeout))
    if course.id:
        http.delete(f"/v1/summaries/{course.id}", timeout=on_the_way_out(until - time.monotonic()))


def _one_connection(http: httpx2.Client, course: Course) -> Generator[Event, None, None]:
    method, path, headers, json = course.ask()
    error: httpx2.RequestError | None = None
    try:
        with http.sse(path, method=method, headers=headers, json=json) as source:
            if not course.opens(source.response):
                course.ends(source.response, _body(source.response))
                return
            for sse in source:
                if (event := course.takes(sse)) is not None:
                    yield event
                if course.over:
                    return
    except httpx2.RequestError as lost:
        error = lost
    course.lost(error)


def _body(response: httpx2.Response) -> bytes:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_PROBLEM_BYTES:
            break
    return body
