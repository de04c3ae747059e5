"""The two wires of OpenAI-compatible servers: where a request goes, what it looks like, and who reads the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamsum.core.passes import Prompt
from streamsum.upstream.answers import AnswerDecoder
from streamsum.upstream.asking import Asking
from streamsum.upstream.chunks import ChunkDecoder
from streamsum.upstream.responses import ResponseDecoder


@dataclass(frozen=True, slots=True)
class Wire:
    """How one model's API is spoken."""

    path: str
    request: Callable[[Prompt, Asking], dict[str, Any]]  # the body, but for the model's name
    decoder: Callable[[], AnswerDecoder]


def messages_of(prompt: Prompt) -> list[dict[str, str]]:
    """The prompt as the chat wire has it."""
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def _chat_request(prompt: Prompt, asking: Asking) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/chat/create."""
    body = {"messages": messages_of(prompt), "stream": True, **_options(prompt, asking)}
    if asking.stream_options[0]:
        body["stream_options"] = {"include_usage": True}
    mode = asking.output_modes[0]
    if mode == "json_schema":
        body["response_format"] = {"type": mode, mode: _schema(prompt)}
    elif mode == "json_object":
        body["response_format"] = {"type": mode}
    return body


def _responses_request(prompt: Prompt, asking: Asking) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/responses/create; the server is asked to keep nothing."""
    body = {"instructions": prompt.system, "input": prompt.user, "stream": True, "store": False}
    body |= _options(prompt, asking)
    mode = asking.output_modes[0]
    if mode == "json_schema":
        body["text"] = {"format": {"type": mode, **_schema(prompt)}}
    elif mode == "json_object":
        body["text"] = {"format": {"type": mode}}
    return body


def _schema(prompt: Prompt) -> dict[str, Any]:
    return {"name": "summary", "strict": True, "schema": prompt.schema}


def _options(prompt: Prompt, asking: Asking) -> dict[str, Any]:
    """What both wires have."""
    options = {asking.max_tokens_fields[0]: prompt.max_tokens, "temperature": asking.temperatures[0]}
    return {name: value for name, value in options.items() if name is not None and value is not None}


CHAT = Wire("/chat/completions", _chat_request, ChunkDecoder)
RESPONSES = Wire("/responses", _responses_request, ResponseDecoder)
