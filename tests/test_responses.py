"""A log as a response: what goes out, when, and what is noticed, with a client whose every move is the test's.

Time jumps here. What only a real server and a real socket can show stands in test_app.py and test_connections.py.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from starlette.types import ASGIApp, Message
from typing_extensions import override

from streamsum.core.models import OnDisconnect
from streamsum.errors import Expired, InvalidCursor, LogDown, NotFound, Problem
from streamsum.runs.log import Entry, EventLog, Happening, Lease, Listener, Preview
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.web.departure import ClientGone, bounded
from streamsum.web.feed import MAX_BATCH_BYTES
from streamsum.web.patience import Patience
from streamsum.web.responses import EventStreamResponse, ResumeResponse, SummaryResponse
from streamsum.web.service import Service
from tests.asgi import Wire, scope_of
from tests.jumping_clock import in_jumping_time, now, settle
from tests.logs import Away, begin
from tests.scripted import ScriptedUpstream

ID = "abcdefghij-_0123456789"
CREATED = b'{"type":"summary.created"}'
BULLET = b'{"type":"bullet"}'
COMPLETED = b'{"type":"summary.completed"}'


def entry(n: int, event: str = "bullet", data: bytes = BULLET, *, final: bool = False) -> Entry:
    return Entry(n, event, data, final)


FIRST = entry(1, "summary.created", CREATED)
LAST = entry(3, "summary.completed", COMPLETED, final=True)
ALL = (FIRST, entry(2), LAST)


def frame(one: Entry) -> bytes:
    return f"id: {ID}:{one.n}\nevent: {one.event}\ndata: {one.data.decode()}\n\n".encode()


class Stage:
    """A service whose one summary is written by the test."""

    def __init__(self, log: EventLog) -> None:
        settings = Settings()
        upstream = ScriptedUpstream()
        runs = Runs(upstreams=[upstream], log=log, settings=settings)
        self.service = Service(settings=settings, patience=Patience(), upstreams=[upstream], log=log, runs=runs)
        self.wire = Wire()
        self.lease: Lease

    async def create(self, *entries: Entry, on_disconnect: OnDisconnect = "cancel") -> None:
        self.lease = await begin(self.service.log, ID, on_disconnect=on_disconnect)
        await self.write(*entries)

    async def write(self, *entries: Entry) -> None:
        if entries:
            await self.lease.append(entries, final=entries[-1].final)

    def play(self, response: ASGIApp) -> "asyncio.Task[None]":
        """Answer, behind the limit on blocked sends that stands around everything."""
        send = bounded(self.wire.send, blocked_s=self.service.patience.blocked_s)

        async def answer() -> None:
            await response(scope_of(), self.wire.receive, send)

        return asyncio.create_task(answer())

    async def hears(self, happening: Happening) -> None:
        async with asyncio.timeout(1):
            assert await self.lease.happening() is happening


async def stage(*entries: Entry, log: EventLog | None = None, on_disconnect: OnDisconnect = "cancel") -> Stage:
    staged = Stage(log or MemoryLog(grace_s=10, keep_s=600, keep_bytes=1 << 20))
    await staged.create(*entries, on_disconnect=on_disconnect)
    return staged


def stream(staged: Stage, *, after: int | None = 0, started: "asyncio.Future[Problem | None] | None" = None) -> ASGIApp:
    return EventStreamResponse(staged.service, ID, key="", after=after, started=started)


def future() -> "asyncio.Future[Problem | None]":
    return asyncio.get_running_loop().create_future()


async def over(task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(1000):
        await task


class TestFrames:
    @in_jumping_time
    async def test_a_finished_summary_goes_out_at_once(self) -> None:
        """Headers; then all frames and the end in one send, the first frame behind `retry:`."""
        staged = await stage(*ALL)
        await over(staged.play(stream(staged)))
        assert staged.wire.status == 200
        assert staged.wire.headers == {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-store, no-transform",
            "x-accel-buffering": "no",
            "location": f"/v1/summaries/{ID}",
        }
        assert staged.wire.bodies == [b"retry: 2000\n" + b"".join(map(frame, ALL))]
        assert staged.wire.ended

    @in_jumping_time
    async def test_each_event_goes_out_as_it_comes(self) -> None:
        """`retry:` only before a connection's first frame."""
        staged = await stage()
        task = staged.play(stream(staged))
        for n, each in enumerate(ALL, start=2):
            await staged.write(each)
            await staged.wire.until_sent(n)
        await over(task)
        assert staged.wire.bodies == [b"retry: 2000\n" + frame(ALL[0]), frame(ALL[1]), frame(ALL[2])]

    @in_jumping_time
    async def test_a_resume_begins_behind_its_cursor(self) -> None:
        """Byte for byte what the first connection had."""
        staged = await stage(*ALL)
        await over(staged.play(ResumeResponse(staged.service, ID, key="", after=1)))
        assert staged.wire.body == b"retry: 2000\n" + frame(ALL[1]) + frame(ALL[2])

    @in_jumping_time
    async def test_a_preview_has_no_id(self) -> None:
        """So that no cursor ever points at what is not stored."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged))
        await staged.wire.until_sent(2)
        staged.lease.preview(b'{"type":"bullet.delta"}')
        await staged.wire.until_sent(3)
        assert staged.wire.bodies[1] == b'event: bullet.delta\ndata: {"type":"bullet.delta"}\n\n'
        await staged.write(entry(2), LAST)
        await over(task)

    @in_jumping_time
    async def test_a_long_replay_goes_out_in_pieces(self) -> None:
        """A stream's memory is bounded, whatever its log holds."""
        data = b'"' + b"a" * 10_000 + b'"'
        many = [entry(n, data=data, final=n == 30) for n in range(1, 31)]
        staged = await stage(*many)
        await over(staged.play(stream(staged)))
        assert max(map(len, staged.wire.bodies)) < MAX_BATCH_BYTES + 11_000
        assert len(staged.wire.bodies) > 5
        assert staged.wire.body == b"retry: 2000\n" + b"".join(map(frame, many))

    @in_jumping_time
    async def test_location_is_relative_to_where_the_app_is_mounted(self) -> None:
        """It respects `root_path`, and stays a header."""
        staged = await stage(*ALL)
        await staged.wire.run(stream(staged), scope_of(root_path="/a b\r\nX: é"))
        assert staged.wire.headers["location"] == f"/a%20b%0D%0AX%3A%20%C3%A9/v1/summaries/{ID}"


class TestSilence:
    @in_jumping_time
    async def test_silence_is_filled_with_comments(self) -> None:
        """One after every 15 s without an event; the clock begins again with each."""
        staged = await stage()
        task = staged.play(stream(staged))
        await settle()
        begun = now()
        await asyncio.sleep(14)
        assert staged.wire.bodies == []
        await staged.wire.until_sent(2)
        assert now() - begun == pytest.approx(15, abs=0.1)
        await staged.wire.until_sent(3)
        assert now() - begun == pytest.approx(30, abs=0.1)
        await staged.write(*ALL)
        await over(task)
        keep_alive = b": keep-alive\n\n"
        assert staged.wire.bodies == [keep_alive, keep_alive, b"retry: 2000\n" + b"".join(map(frame, ALL))]

    @in_jumping_time
    async def test_a_client_that_takes_nothing_is_cut(self) -> None:
        """After 15 s of a blocked send, and its listening with it."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged))
        await staged.wire.until_sent(2)
        staged.wire.reading.clear()
        await staged.write(entry(2))
        begun = now()
        with pytest.raises(ClientGone):
            await over(task)
        assert now() - begun == pytest.approx(15, abs=0.1)
        await staged.hears(Happening.NOBODY_LISTENS)

    @in_jumping_time
    async def test_a_blocked_heartbeat_is_cut_too(self) -> None:
        """A client that is silent and deaf."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged))
        await staged.wire.until_sent(2)
        staged.wire.reading.clear()
        with pytest.raises(ClientGone):
            await over(task)
        await staged.hears(Happening.NOBODY_LISTENS)


class TestHeldStatus:
    @in_jumping_time
    async def test_nothing_goes_out_before_the_first_content(self) -> None:
        """Though the log has an event already."""
        staged = await stage(FIRST)
        started = future()
        task = staged.play(stream(staged, started=started))
        await settle()
        assert staged.wire.sent == []
        started.set_result(None)
        await staged.wire.until_sent(2)
        assert staged.wire.status == 200
        await staged.write(entry(2), LAST)
        await over(task)

    @in_jumping_time
    async def test_the_headers_go_out_when_the_time_is_over(self) -> None:
        """STREAMSUM_FIRST_BYTE_S, 5 s; what goes wrong later is an event."""
        staged = await stage(FIRST)
        begun = now()
        task = staged.play(stream(staged, started=future()))
        await staged.wire.until_sent(2)
        assert now() - begun == pytest.approx(5, abs=0.1)
        await staged.write(entry(2), LAST)
        await over(task)

    @in_jumping_time
    async def test_what_goes_wrong_before_is_a_status(self) -> None:
        """With the time to wait, where the problem has one."""
        staged = await stage(FIRST)
        started = future()
        started.set_result(Problem.of("overloaded", retry_after=9))
        await over(staged.play(stream(staged, started=started)))
        assert staged.wire.status == 503
        assert staged.wire.headers["retry-after"] == "9"
        assert json.loads(staged.wire.body)["code"] == "overloaded"

    @in_jumping_time
    async def test_a_client_that_leaves_meanwhile_is_noticed(self) -> None:
        """Before anything was sent."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged, started=future()))
        await settle()
        staged.wire.left.set()
        with pytest.raises(ClientGone):
            await over(task)
        assert staged.wire.sent == []
        await staged.hears(Happening.NOBODY_LISTENS)

    @in_jumping_time
    async def test_a_run_elsewhere_has_content_as_soon_as_a_preview_shows_it(self) -> None:
        """The headers go out then, and of the previews only the one that told, and the newest."""
        staged = await stage(FIRST)
        joined = EventStreamResponse(staged.service, ID, key="", after=0, held=True)
        task = staged.play(joined)
        await settle()
        assert staged.wire.sent == []
        held = now()
        for n in range(9):
            staged.lease.preview(b'{"n":%d}' % n)
            await asyncio.sleep(0)
        await staged.wire.until_sent(2)
        assert now() == held
        told, *others = staged.wire.bodies[0].split(b"event: bullet.delta\n")[1:]
        assert told == b'data: {"n":0}\n\n'
        assert len(others) <= 1
        await staged.write(entry(2), LAST)
        await over(task)
        assert staged.wire.body.startswith(b"retry: 2000\n" + frame(FIRST))
        assert staged.wire.body.endswith(frame(entry(2)) + frame(LAST))

    @in_jumping_time
    async def test_a_run_elsewhere_that_fails_at_once_has_a_status(self) -> None:
        """Its events tell."""
        staged = await stage(FIRST)
        task = staged.play(EventStreamResponse(staged.service, ID, key="", after=0, held=True))
        await settle()
        problem = Problem.of("upstream_timeout").model_dump_json(exclude_none=True)
        await staged.write(entry(2, "summary.failed", b'{"problem":%b}' % problem.encode(), final=True))
        await over(task)
        assert staged.wire.status == 504


class TestDeparture:
    @in_jumping_time
    async def test_leaving_between_two_events_is_noticed(self) -> None:
        """At once, not with the next event or heartbeat."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged))
        await staged.wire.until_sent(2)
        begun = now()
        staged.wire.left.set()
        with pytest.raises(ClientGone):
            await over(task)
        assert now() - begun < 0.1
        await staged.hears(Happening.NOBODY_LISTENS)

    @in_jumping_time
    async def test_leaving_during_a_replay_is_noticed(self) -> None:
        """Though every entry is there, and no send ever waits."""
        taken: list[int] = []
        staged = await stage(log=_Counting(taken))
        await staged.write(*(entry(n, data=b"1" * 1_000) for n in range(1, 500)))
        task = staged.play(stream(staged))
        for _ in range(20):  # a few turns of the loop: some are taken, and most are not
            await asyncio.sleep(0)
        assert len(taken) > 5
        staged.wire.left.set()
        with pytest.raises(ClientGone):
            await over(task)
        assert len(taken) < 250
        await staged.hears(Happening.NOBODY_LISTENS)

    @in_jumping_time
    async def test_other_messages_are_no_departure(self) -> None:
        """A server may wake `receive()` for what is sent ahead."""
        staged = await stage(FIRST)
        messages: list[Message] = [{"type": "http.request", "body": b""}, {"type": "http.request", "body": b"GET"}]

        async def receive() -> Message:
            return messages.pop() if messages else await staged.wire.receive()

        async def answer() -> None:
            await stream(staged)(scope_of(), receive, staged.wire.send)

        task = asyncio.create_task(answer())
        await staged.wire.until_sent(2)
        await staged.write(entry(2), LAST)
        await over(task)
        assert staged.wire.ended

    @in_jumping_time
    async def test_a_server_that_says_so_on_send_is_heard(self) -> None:
        """ASGI 2.4: an OSError, and not a bug."""
        staged = await stage(*ALL)

        async def send(_message: Message) -> None:
            raise BrokenPipeError

        with pytest.raises(ClientGone):
            await stream(staged)(scope_of(), staged.wire.receive, bounded(send, blocked_s=1))


class _Counting(MemoryLog):
    """Counts what its listeners take."""

    def __init__(self, taken: list[int]) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self._taken = taken

    @override
    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        async with super().listen(id, key, after) as listener:
            yield _Taking(listener, self._taken)


class _Taking:
    dismissed = False

    def __init__(self, listener: Listener, taken: list[int]) -> None:
        self._listener = listener
        self._taken = taken

    def __aiter__(self) -> "_Taking":
        return self

    async def __anext__(self) -> Entry | Preview:
        found = await anext(self._listener)
        self._taken.append(1)
        return found

    def here(self) -> Entry | Preview | None:
        if (found := self._listener.here()) is not None:
            self._taken.append(1)
        return found


class TestResume:
    @in_jumping_time
    async def test_after_the_last_event_there_is_nothing(self) -> None:
        """204 is how the format stops an EventSource."""
        staged = await stage(*ALL)
        await over(staged.play(ResumeResponse(staged.service, ID, key="", after=3)))
        assert staged.wire.status == 204
        assert staged.wire.body == b""

    @in_jumping_time
    async def test_after_the_newest_event_of_a_running_one_it_waits(self) -> None:
        """That is not the end."""
        staged = await stage(FIRST)
        task = staged.play(ResumeResponse(staged.service, ID, key="", after=1))
        await staged.wire.until_sent(1)
        await staged.write(entry(2), LAST)
        await over(task)
        assert staged.wire.body == b"retry: 2000\n" + frame(entry(2)) + frame(LAST)

    @pytest.mark.parametrize(
        ("id", "after", "error"),
        [("x" * 22, None, NotFound), ("x" * 22, 0, Expired), ("x" * 22, 1, Expired), (ID, 4, InvalidCursor)],
    )
    @in_jumping_time
    async def test_what_is_not_there_is_told_before_anything_is_sent(
        self, id: str, after: int | None, error: type[Exception]
    ) -> None:
        """A gap is never skipped."""
        staged = await stage(*ALL)
        with pytest.raises(error):
            await over(staged.play(ResumeResponse(staged.service, id, key="", after=after)))
        assert staged.wire.sent == []

    @in_jumping_time
    async def test_a_log_that_cannot_be_reached_is_to_be_tried_again(self) -> None:
        """200 and `retry:` only; any other status would end an EventSource for ever."""
        staged = Stage(Away())
        await over(staged.play(ResumeResponse(staged.service, ID, key="", after=1)))
        assert staged.wire.status == 200
        assert staged.wire.body == b"retry: 2000\n"
        assert staged.wire.ended

    @in_jumping_time
    async def test_a_log_that_is_lost_ends_the_body_without_a_last_event(self) -> None:
        """The client comes back, and finds what the log holds."""
        staged = await stage(log=_Failing([FIRST]))
        await over(staged.play(stream(staged)))
        assert staged.wire.body == b"retry: 2000\n" + frame(FIRST)
        assert staged.wire.ended

    @in_jumping_time
    async def test_a_log_that_is_closed_ends_the_body_without_a_last_event(self) -> None:
        """Its process goes away, and nobody is kept waiting for that."""
        staged = await stage(FIRST)
        task = staged.play(stream(staged))
        await staged.wire.until_sent(2)
        await staged.service.log.aclose()
        await over(task)
        assert staged.wire.body == b"retry: 2000\n" + frame(FIRST)
        assert staged.wire.ended

    @in_jumping_time
    async def test_a_summary_that_goes_while_it_is_looked_at_is_expired(self) -> None:
        """It ended, and was evicted, between listening and reading."""
        staged = await stage(log=_Failing([FIRST]))
        with pytest.raises(Expired):
            await over(staged.play(ResumeResponse(staged.service, ID, key="", after=1)))


class _Failing(MemoryLog):
    """Gives some entries, and then is lost."""

    dismissed = False

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(grace_s=10, keep_s=600, keep_bytes=1 << 20)
        self._left = list(entries)

    @override
    @asynccontextmanager
    async def listen(self, id: str, key: str, after: int | None) -> AsyncIterator[Listener]:
        yield self

    def __aiter__(self) -> "_Failing":
        return self

    async def __anext__(self) -> Entry | Preview:
        if not self._left:
            raise LogDown
        return self._left.pop(0)

    def here(self) -> Entry | Preview | None:
        return None

    @override
    async def read(self, id: str, key: str) -> Sequence[Entry]:
        raise NotFound


class TestWhole:
    @in_jumping_time
    async def test_a_summary_is_sent_when_it_is_over(self) -> None:
        """As JSON, and not before."""
        staged = await stage(FIRST, entry(2, data=b'{"type":"bullet","index":0}'))
        task = staged.play(SummaryResponse(staged.service, ID, key=""))
        staged.lease.preview(b'{"type":"bullet.delta"}')
        await asyncio.sleep(100)
        assert staged.wire.sent == []
        await staged.write(LAST)
        await over(task)
        assert staged.wire.status == 200
        assert json.loads(staged.wire.body)["bullets"] == [{"index": 0}]

    @pytest.mark.parametrize("bullets", [0, 1])
    @in_jumping_time
    async def test_a_failed_one_is_a_problem_unless_it_has_bullets(self, bullets: int) -> None:
        """The bullets that came stay valid."""
        problem = Problem.of("upstream_timeout").model_dump_json().encode()
        data = b'{"type":"summary.failed","problem":%b,"ledger":{}}' % problem
        staged = await stage(FIRST, *[entry(2)] * bullets, entry(2 + bullets, "summary.failed", data, final=True))
        await over(staged.play(SummaryResponse(staged.service, ID, key="")))
        assert staged.wire.status == (200 if bullets else 504)
        body = json.loads(staged.wire.body)
        assert (body["problem"] if bullets else body)["code"] == "upstream_timeout"

    @in_jumping_time
    async def test_a_waiting_client_that_leaves_is_noticed(self) -> None:
        """It counts as listening until then."""
        staged = await stage(FIRST)
        task = staged.play(SummaryResponse(staged.service, ID, key=""))
        await settle()
        staged.wire.left.set()
        with pytest.raises(ClientGone):
            await over(task)
        await staged.hears(Happening.NOBODY_LISTENS)

    @in_jumping_time
    async def test_a_log_that_ends_without_an_end_is_trouble(self) -> None:
        """What is there is not the summary."""
        staged = await stage(FIRST)
        task = staged.play(SummaryResponse(staged.service, ID, key=""))
        await settle()
        await staged.service.log.aclose()
        with pytest.raises(LogDown):
            await over(task)
