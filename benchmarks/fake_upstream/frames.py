"""Steps as the bytes of an event stream, encoded once for all the calls that play them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, assert_never

from benchmarks.fake_upstream.script import (
    Chunk,
    Comment,
    Content,
    Done,
    Finish,
    Raw,
    Reasoning,
    Refusal,
    Role,
    Said,
    Usage,
)

MODEL = "fake"

# A text of more tokens is encoded as it goes: the list of its frames would weigh megabytes and hold the loop up.
MAX_KEPT_TOKENS = 16_384

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Frame(NamedTuple):
    """One event (or comment, or raw bytes), the content that it carries, and whether pace counts it as a token."""

    data: bytes
    content: str = ""
    is_token: bool = False


def frames(step: Said) -> Sequence[Frame] | Iterator[Frame]:
    """The step's frames, in order."""
    match step:
        case Content() | Reasoning() | Refusal():
            short = len(step.text) <= MAX_KEPT_TOKENS * step.token_chars
            return _kept_deltas(step) if short else _deltas(step)
        case Role():
            return (_ROLE,)
        case Finish(reason=reason):
            return (Frame(_event(_choice({}, reason))),)
        case Usage(prompt=prompt, completion=completion):
            counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
            return (Frame(_event(_chunk([], usage=counts))),)
        case Done():
            return (_DONE,)
        case Raw(data=data):
            return (Frame(data),)
        case Comment(text=text):
            return (Frame(f": {text}\n\n".encode()),)
        case Chunk(value=value):
            return (Frame(_event(value)),)
        case _:
            assert_never(step)


def _deltas(step: Content | Reasoning | Refusal) -> Iterator[Frame]:
    match step:
        case Content():
            key = "content"
        case Reasoning():
            key = "reasoning_content"
        case Refusal():
            key = "refusal"
        case _:
            assert_never(step)
    for start in range(0, len(step.text), step.token_chars):
        text = step.text[start : start + step.token_chars]
        yield Frame(_event(_choice({key: text})), text if key == "content" else "", is_token=True)


@lru_cache(maxsize=64)
def _kept_deltas(step: Content | Reasoning | Refusal) -> tuple[Frame, ...]:
    return tuple(_deltas(step))


def _chunk(choices: list[object], **more: object) -> dict[str, object]:
    head = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    return {**head, "choices": choices, **more}


def _choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, object]:
    return _chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def _event(value: object) -> bytes:
    return b"data: %b\n\n" % encode_json(value)


def encode_json(value: object) -> bytes:
    """Compact UTF-8; escapes only where UTF-8 has no bytes for the text (a lone surrogate)."""
    try:
        return _encoder.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


_ROLE = Frame(_event(_choice({"role": "assistant", "content": ""})))
_DONE = Frame(b"data: [DONE]\n\n")
