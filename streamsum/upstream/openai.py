"""Any OpenAI-compatible server: a prompt in, the model's text out, and every error in our own words.

The SDK builds the request (URL, keys, headers) and knows the provider; its lower door `client.post` costs a quarter of
`chat.completions.create`. The answer is read past it, straight from the transport, by the wire's own decoder. The
loggers of the libraries stay at WARNING (`telemetry/logs.py`): nothing of a call is theirs to tell.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import openai

from streamsum.core.passes import Cause, End, Prompt
from streamsum.settings import MaxTokensField, WireName
from streamsum.telemetry.logs import logger
from streamsum.upstream.asking import Asking, Parameter, refused_parameters
from streamsum.upstream.base import Capabilities, Reply, UpstreamError
from streamsum.upstream.clocks import Clocks
from streamsum.upstream.letterhead import Letterhead, writes_the_same
from streamsum.upstream.reply import OpenAIReply
from streamsum.upstream.statuses import BadStatus, end_of_status, is_too_long
from streamsum.upstream.transport import Body, body_of
from streamsum.upstream.wires import CHAT, RESPONSES

# What a server says that does not take a parameter.
_OF_THE_REQUEST = {400, 422}


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
        self._writes_the_same = writes_the_same(self.client)
        self._letterhead: Letterhead | None = None
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
            yield OpenAIReply(body, clocks, self._wire.decoder())
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
                return await self._ask(prompt)
        except BadStatus as error:
            raise UpstreamError(end_of_status(error, prompt=prompt, upstream=self.name)) from None
        except TimeoutError:
            raise UpstreamError(End(Cause.TIMEOUT)) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL):
            raise UpstreamError(End(Cause.ERROR)) from None

    async def _ask(self, prompt: Prompt) -> Body:
        """Ask, and ask again without what the server refuses by name. Ends: each time there is less to give up."""
        asking, given_up = self._asking, list[Parameter]()
        while True:
            try:
                body = await self._post(prompt, asking)
            except BadStatus as error:
                if not (less := _step_down(asking, error)):
                    raise
                asking, parameter = less
                given_up.append(parameter)
            else:
                self._remember(asking, given_up)
                return body

    def _remember(self, asking: Asking, given_up: list[Parameter]) -> None:
        """Only what helped is remembered. Calls that began together find out the same: it is told once."""
        if given_up and asking != self._asking:
            self._asking = asking
            names = ", ".join(dict.fromkeys(given_up))
            logger.warning(
                "upstream does not take this as sent: asked without from now on", upstream=self.name, parameters=names
            )

    async def _post(self, prompt: Prompt, asking: Asking) -> Body:
        if self._max_tokens:
            prompt = replace(prompt, max_tokens=self._max_tokens)
        body = {"model": self.model, **self._wire.request(prompt, asking), **self._extra_body}
        if self._letterhead:
            return await self._letterhead.send(body)
        try:
            response = await self.client.post(
                self._wire.path,
                cast_to=httpx2.Response,  # with `stream`, the SDK hands it over as it is
                body=body,
                options={"headers": {"Accept": "text/event-stream"}},
                stream=True,
            )
        except openai.APIStatusError as error:
            answer = error.response
            raise BadStatus(answer.status_code, answer.text, retry_after=answer.headers.get("Retry-After")) from None
        if self._writes_the_same:
            self._letterhead = Letterhead.of(response)
        return body_of(response)


def _step_down(asking: Asking, error: BadStatus) -> tuple[Asking, Parameter] | None:
    """The next best way to ask after this refusal, and what is given up; None: it names nothing of ours."""
    if error.status not in _OF_THE_REQUEST or is_too_long(error):
        return None
    for parameter in refused_parameters(error.body):
        if less := asking.without(parameter):
            return less, parameter
    return None
