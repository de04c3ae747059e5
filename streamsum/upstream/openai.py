"""Any OpenAI-compatible server: a prompt in, the model's text out, and every error in our own words.

The SDK builds the request (URL, keys, headers) and knows the provider; its lower door `client.post` costs a quarter of
`chat.completions.create`. The answer is read past it, straight from the transport, by the wire's own decoder. The
loggers of the libraries stay at WARNING (`telemetry/logs.py`): nothing of a call is theirs to tell.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx2
import openai

from streamsum.core.passes import Cause, End, Prompt
from streamsum.settings import MaxTokensField, WireName
from streamsum.telemetry.logs import logger
from streamsum.upstream.answers import AnswerDecoder
from streamsum.upstream.asking import Asking, Parameter, refused_parameters
from streamsum.upstream.base import Capabilities, Reply, UpstreamError
from streamsum.upstream.clocks import Clocks
from streamsum.upstream.statuses import end_of_status, is_too_long
from streamsum.upstream.transport import Body, body_of
from streamsum.upstream.wires import CHAT, RESPONSES

# After `[DONE]` the end of the body is a packet away, and a body read to its end keeps its connection for another call.
GOODBYE_S = 0.05


class OpenAIUpstream:
    """One model behind a chat-completions or a responses API.

    `client` knows its provider, and speaks through our transport (`transport.http_client`). `extra_body` is added to
    every request. What the server refuses by name is done without from then on.
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
        wire: WireName = "chat",
        max_tokens_field: MaxTokensField = "max_tokens",
        temperature: float | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self.can = can or Capabilities()
        # Trying again is not the client's to decide: it does not know what a summary may still wait for.
        self.client = client.with_options(max_retries=0)
        # A copy reads them anew from the environment, where `client` has been told to do without.
        self.client.organization, self.client.project = client.organization, client.project
        self._stall_s = stall_s
        self._think_s = think_s
        self._max_tokens = max_tokens
        self._extra_body = dict(extra_body or {})
        mode = self.can.output_mode
        if wire == "chat":
            self._wire = CHAT
            self._asking = Asking.chat(output_mode=mode, max_tokens_field=max_tokens_field, temperature=temperature)
        else:
            self._wire = RESPONSES
            self._asking = Asking.responses(output_mode=mode, temperature=temperature)

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[Reply]:
        """One pass. Entered: a 2xx has come. Raises UpstreamError. `deadline` is in `loop.time()` seconds."""
        clocks = Clocks(stall_s=self._stall_s, think_s=self._think_s, deadline=deadline)
        body = await self._open(prompt, clocks)
        del prompt  # it has the whole source in it, and the answer may take minutes
        try:
            clocks.watch(body.close)
            yield _Reply(body, clocks, self._wire.decoder())
        finally:
            clocks.stop()
            body.close()

    @property
    def asking(self) -> Asking:
        """How it is asked, as far as it is known by now what it takes."""
        return self._asking

    async def aclose(self) -> None:
        """Close all connections."""
        await self.client.close()

    async def _open(self, prompt: Prompt, clocks: Clocks) -> Body:
        """Send the request and wait for its status, not longer than the clocks allow."""
        try:
            async with asyncio.timeout_at(clocks.due):
                response = await self._ask(prompt)
        except openai.APIStatusError as error:
            raise UpstreamError(end_of_status(error, prompt=prompt, upstream=self.name)) from None
        except TimeoutError:
            raise UpstreamError(End(Cause.TIMEOUT)) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL):
            raise UpstreamError(End(Cause.ERROR)) from None
        return body_of(response)

    async def _ask(self, prompt: Prompt) -> httpx2.Response:
        """Ask, and ask again without what the server refuses by name. Ends: each time there is less to give up."""
        asking, given_up = self._asking, list[Parameter]()
        while True:
            try:
                response = await self._post(prompt, asking)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if is_too_long(error) or not (less := _step_down(asking, error.body)):
                    raise
                asking, parameter = less
                given_up.append(parameter)
            else:
                self._remember(asking, given_up)
                return response

    def _remember(self, asking: Asking, given_up: list[Parameter]) -> None:
        """Only what helped is remembered. Calls that began together find out the same: it is told once."""
        if given_up and asking != self._asking:
            self._asking = asking
            names = ", ".join(dict.fromkeys(given_up))
            logger.warning(
                "upstream does not take this as sent: asked without from now on", upstream=self.name, parameters=names
            )

    async def _post(self, prompt: Prompt, asking: Asking) -> httpx2.Response:
        if self._max_tokens:
            prompt = replace(prompt, max_tokens=self._max_tokens)
        return await self.client.post(
            self._wire.path,
            cast_to=httpx2.Response,  # with `stream`, the SDK hands it over as it is
            body={"model": self.model, **self._wire.request(prompt, asking), **self._extra_body},
            options={"headers": {"Accept": "text/event-stream"}},
            stream=True,
        )


def _step_down(asking: Asking, body: object) -> tuple[Asking, Parameter] | None:
    """The next best way to ask after a refusal with this body, and what is given up; None: it names nothing of ours."""
    for parameter in refused_parameters(body):
        if less := asking.without(parameter):
            return less, parameter
    return None


class _Reply:
    """An answer that is arriving: one shallow pump from the connection to the caller."""

    def __init__(self, body: Body, clocks: Clocks, answer: AnswerDecoder) -> None:
        self._body = body
        self._clocks = clocks
        self._answer = answer
        self._at_end = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while not self._answer.done and (read := await self._read()):
            if text := self._answer.feed(read):
                self._clocks.saw_content()
                return text
            if self._answer.alive:
                self._clocks.saw_reasoning()
                return ""
        if self._answer.done and not self._answer.failure:
            await self._see_out()
        raise StopAsyncIteration

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
