"""An answer that is arriving: from the connection to the caller, in as few frames as can be, and under its clocks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import httpx2

from streamsum.core.passes import Cause, End
from streamsum.upstream.answers import AnswerDecoder
from streamsum.upstream.base import Take
from streamsum.upstream.clocks import Clocks
from streamsum.upstream.transport import Body

# After `[DONE]` the end of the body is a packet away, and a body read to its end keeps its connection for another call.
GOODBYE_S = 0.05


class OpenAIReply:
    """A `Reply` of a server that streams; whoever opened `body` and `clocks` closes them."""

    def __init__(self, body: Body, clocks: Clocks, answer: AnswerDecoder) -> None:
        body.tap()  # from now on: it may be a while until somebody pours
        self._body = body
        self._clocks = clocks
        self._answer = answer
        self._at_end = False
        self._take: Take
        self._has_enough = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        texts: list[str] = []

        def take(text: str) -> bool:
            texts.append(text)
            return False

        if not await self.pour(take):
            raise StopAsyncIteration
        return texts[0]

    async def pour(self, take: Take) -> bool:
        """See `base.Pouring`."""
        self._take = take
        self._has_enough = False
        if not self._answer.done and not self._at_end:
            try:
                await self._body.pour(self._take_read)
            except httpx2.TransportError:
                self._at_end = True
            if self._has_enough:
                return True
        if self._answer.done and not self._answer.failure and not self._body.is_over:
            await self._see_out()
        return False

    def _take_read(self, read: bytes) -> bool:
        """Called in the frame that received it."""
        if text := self._answer.feed(read):
            self._clocks.saw_content()
        elif self._answer.alive:
            self._clocks.saw_reasoning()
        else:
            self._at_end = not read
            return not self._answer.done
        self._has_enough = not self._take(text)
        return not (self._has_enough or self._answer.done)

    def end(self) -> End:
        """How it ended: what the stream said, or why it could not say it."""
        end = self._answer.end()
        if end.cause is not Cause.CUT:
            return end
        if self._clocks.expired:
            return replace(end, cause=Cause.TIMEOUT)
        if self._answer.done or self._at_end:
            return end
        return replace(end, cause=Cause.CLOSED_BY_US)

    async def _read(self) -> bytes:
        """The next bytes; b"" at the end, whichever end it is."""
        try:
            read = await self._body.read()
        except httpx2.TransportError:
            read = b""
        self._at_end = not read
        return read

    async def _see_out(self) -> None:
        """After `[DONE]`: wait for the end of the body, shortly."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while await self._read():
                    pass
