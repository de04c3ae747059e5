"""Plays one script on one connection: when each byte goes out, and cut how.

One task a call and one write a flush, never a task a token. The loop gets its turn before a write, not after it, so
that between the last event and the end of the body there is no moment in which a client could leave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from itertools import cycle
from typing import assert_never

from benchmarks.fake_upstream.calls import Call, Ending
from benchmarks.fake_upstream.connection import Connection, error_body
from benchmarks.fake_upstream.delivery import Delivery
from benchmarks.fake_upstream.element_ends import document, element_ends
from benchmarks.fake_upstream.frames import frames
from benchmarks.fake_upstream.script import (
    Chunk,
    Close,
    Comment,
    Content,
    Done,
    Finish,
    Forever,
    Gate,
    Head,
    NoAnswer,
    Pause,
    Raw,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Said,
    Script,
    Stall,
    Status,
    Step,
    Usage,
)

# What waits for a cut of its size is sent at the latest at this many bytes: an endless script has no end to wait for.
MAX_HELD_BYTES = 1024 * 1024

STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
LAST_CHUNK = b"0\r\n\r\n"


class Player:
    """Plays one script for one call."""

    def __init__(
        self, connection: Connection, call: Call, delivery: Delivery, *, record: bool, note_elements: bool = False
    ) -> None:
        self._connection = connection
        self._call = call
        self._record = record
        self._note_elements = note_elements
        self._loop = asyncio.get_running_loop()
        self._begun = False
        # The clock: when the latest token is due. It keeps to the schedule, so that a late wake-up is made up for.
        self._period = 1 / delivery.pace if delivery.pace else 0.0
        self._delay = delivery.first_token_delay
        self._timed = bool(delivery.pace or delivery.first_token_delay)
        self._due: float | None = None
        # What is said and not yet written, and where in the body each content ends.
        self._coalesce = delivery.coalesce
        self._held = bytearray()
        self._held_frames = 0
        self._body_bytes = 0
        self._written_bytes = 0
        self._unsent: deque[tuple[int, str]] = deque()
        self._chars_sent = 0
        self._element_ends: deque[int] = deque()
        self._cuts = cycle(delivery.cuts or (0,))
        self._cut = next(self._cuts)
        # After one turn our next write still comes before a reader in this loop; after two its read was in between.
        self._turns = 2 if delivery.cuts else 1

    async def play(self, script: Script) -> Ending:
        """Play to the end, and say how that was; cancelled when the client leaves."""
        if self._note_elements:
            self._element_ends.extend(element_ends(document(script)))
        if (ending := await self._play_all(script)) is not None:
            return ending
        await self._flush(everything=True)
        self._begin()
        self._connection.write(LAST_CHUNK)
        await self._connection.drain()
        return "finished"

    async def _play_all(self, script: Script) -> Ending | None:
        for step in script:
            if (ending := await self._play_step(step)) is not None:
                return ending
        return None

    async def _play_step(self, step: Step) -> Ending | None:
        match step:
            case (
                Content() | Reasoning() | Refusal() | Role() | Finish() | Usage() | Done() | Raw() | Comment() | Chunk()
            ):
                await self._say(step)
            case Forever():
                return await self._repeat(step)
            case Head() | Pause() | Gate():
                await self._flush(everything=True)
                await self._wait_at(step)
            case Stall() | NoAnswer():
                await self._flush(everything=True)
                await self._wait_for_ever(step)
            case Reset() | Close() | Status():
                await self._flush(everything=True)
                return await self._end(step)
            case _:
                assert_never(step)
        return None

    async def _repeat(self, step: Forever) -> Ending:
        while True:
            if (ending := await self._play_all(step.steps)) is not None:
                return ending
            if step.interval:
                await self._play_step(Pause(step.interval))
            else:
                # Whatever is repeated, the loop gets its turn, and with it the news that the client left.
                await asyncio.sleep(0)

    async def _wait_at(self, step: Head | Pause | Gate) -> None:
        match step:
            case Head(headers=headers):
                self._begin(headers)
                await self._connection.drain()
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)
            case Gate():
                await step.pass_through()
            case _:
                assert_never(step)
        if self._due is not None:
            self._due = max(self._due, self._loop.time() - self._period)

    async def _wait_for_ever(self, step: Stall | NoAnswer) -> None:
        if isinstance(step, Stall):
            self._begin()
        await self._loop.create_future()

    async def _end(self, step: Reset | Close | Status) -> Ending:
        match step:
            case Reset():
                self._connection.reset()
                return "cut"
            case Close(inside_chunk=inside_chunk):
                if inside_chunk:
                    self._begin()
                    self._connection.write(b"ff\r\ndata: {")
                    await self._connection.drain()
                self._connection.close()
                return "cut"
            case Status(code=code, headers=headers, body=body):
                if self._begun:
                    raise ValueError("a status after the stream's head")
                self._connection.respond(code, headers, error_body(code) if body is None else body)
                await self._connection.drain()
                return "finished"
            case _:
                assert_never(step)

    async def _say(self, step: Said) -> None:
        for frame in frames(step):
            if frame.is_token and self._timed:
                self._schedule_token()
            self._held += frame.data
            self._held_frames += 1
            self._body_bytes += len(frame.data)
            if frame.content:
                self._unsent.append((self._body_bytes, frame.content))
            if self._held_frames >= self._coalesce:
                await self._flush()

    def _schedule_token(self) -> None:
        self._due = self._loop.time() + self._delay if self._due is None else self._due + self._period

    async def _flush(self, *, everything: bool = False) -> None:
        self._held_frames = 0
        turns = self._turns
        if self._due is not None and (early := self._due - self._loop.time()) > 0:
            await asyncio.sleep(early)
            turns = 0
        everything = everything or len(self._held) >= MAX_HELD_BYTES
        while piece := self._take_piece(everything=everything):
            await self._write(piece, turns)
            turns = self._turns

    def _take_piece(self, *, everything: bool) -> bytes:
        if not self._cut:
            piece = bytes(self._held)
            self._held.clear()
            return piece
        if len(self._held) < self._cut and not everything:
            return b""
        piece = bytes(self._held[: self._cut])
        del self._held[: self._cut]
        if piece:
            self._cut = next(self._cuts)
        return piece

    async def _write(self, piece: bytes, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        self._begin()
        self._note_sent(len(piece))
        self._connection.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await self._connection.drain()

    def _note_sent(self, size: int) -> None:
        self._written_bytes += size
        now = self._loop.time()
        while self._unsent and self._unsent[0][0] <= self._written_bytes:
            _, content = self._unsent.popleft()
            self._call.content_sent += 1
            if self._record:
                self._call.sent.append((now, content))
            self._chars_sent += len(content)
        while self._element_ends and self._element_ends[0] <= self._chars_sent:
            self._element_ends.popleft()
            self._call.elements_at.append(now)

    def _begin(self, headers: Mapping[str, str] | None = None) -> None:
        if self._begun:
            return
        self._begun = True
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        self._connection.begin(200, {**STREAM_HEADERS, **lower, "transfer-encoding": "chunked"})
