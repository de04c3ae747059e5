"""Any OpenAI-compatible server: a prompt in, the model's text out, and every error in our own words.

The SDK builds the request (URL, keys, headers) and knows the provider; its lower door `client.post` costs a quarter of
`chat.completions.create`. The answer is read past it, straight from the transport, by `chunks.py`. The loggers of the
libraries stay at WARNING (`telemetry.py`): nothing of a call is theirs to tell.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, assert_never

import httpx2
import openai

from streamsum.core.passes import Cause, End, Prompt
from streamsum.settings import OutputMode
from streamsum.upstream.base import Capabilities, Reply, UpstreamError
from streamsum.upstream.chunks import ChunkDecoder
from streamsum.upstream.clocks import Clocks
from streamsum.upstream.statuses import end_of_status
from streamsum.upstream.transport import Body, body_of

# After `[DONE]` the end of the body is a packet away, and a body read to its end keeps its connection for another call.
GOODBYE_S = 0.05


class OpenAIUpstream:
    """One model behind a chat-completions API.

    `client` knows its provider, and speaks through our transport (`transport.http_client`). `extra_body` is added to
    every request.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        *,
        model: str,
        name: str = "openai",
        can: Capabilities | None = None,
        stall_s: float = 30.0,
        think_s: float = 120.0,
        max_tokens: int | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self.can = can or Capabilities()
        # Trying again is not the client's to decide: it does not know what a summary may still wait for.
        self.client = client.with_options(max_retries=0)
        self._stall_s = stall_s
        self._think_s = think_s
        self._max_tokens = max_tokens
        self._extra_body = dict(extra_body or {})

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[Reply]:
        """One pass. Entered: a 2xx has come. Raises UpstreamError. `deadline` is in `loop.time()` seconds."""
        clocks = Clocks(stall_s=self._stall_s, think_s=self._think_s, deadline=deadline)
        body = await self._open(prompt, clocks)
        try:
            clocks.watch(body.close)
            yield _Reply(body, clocks)
        finally:
            clocks.stop()
            body.close()

    async def aclose(self) -> None:
        """Close all connections."""
        await self.client.close()

    async def _open(self, prompt: Prompt, clocks: Clocks) -> Body:
        """Send the request and wait for its status, not longer than the clocks allow."""
        try:
            async with asyncio.timeout_at(clocks.due):
                response = await self.client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,  # with `stream`, the SDK hands it over as it is
                    body=self._request(prompt),
                    options={"headers": {"Accept": "text/event-stream"}},
                    stream=True,
                )
        except openai.APIStatusError as error:
            raise UpstreamError(end_of_status(error, prompt=prompt, upstream=self.name)) from None
        except TimeoutError:
            raise UpstreamError(End(Cause.TIMEOUT)) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL):
            raise UpstreamError(End(Cause.ERROR)) from None
        return body_of(response)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "model": self.model,
            "messages": messages_of(prompt),
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": self._max_tokens or prompt.max_tokens,
            **_response_format(self.can.output_mode, prompt),
            **self._extra_body,
        }


class _Reply:
    """An answer that is arriving: one shallow pump from the connection to the caller."""

    def __init__(self, body: Body, clocks: Clocks) -> None:
        self._body = body
        self._clocks = clocks
        self._chunks = ChunkDecoder()
        self._at_end = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while not self._chunks.done and (read := await self._read()):
            if text := self._chunks.feed(read):
                self._clocks.saw_content()
                return text
            if self._chunks.alive:
                self._clocks.saw_reasoning()
                return ""
        if self._chunks.done and not self._chunks.failure:
            await self._see_out()
        raise StopAsyncIteration

    def end(self) -> End:
        """How it ended: what the stream said, or why it could not say it."""
        end = self._chunks.end()
        if end.cause is not Cause.CUT:
            return end
        if self._clocks.expired:
            return replace(end, cause=Cause.TIMEOUT)
        if self._chunks.done or self._at_end:
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


def messages_of(prompt: Prompt) -> list[dict[str, str]]:
    """The prompt as the chat wire has it."""
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def _response_format(mode: OutputMode, prompt: Prompt) -> dict[str, Any]:
    match mode:
        case "json_schema":
            schema = {"name": "summary", "strict": True, "schema": prompt.schema}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case "prompt":
            return {}
        case _:
            assert_never(mode)
