"""What a fake model says and does in one answer: a script, an immutable sequence of steps.

Data only, but for `Gate`, which a test holds by its handle. Nothing here knows HTTP or the time.
A script is a plain tuple, so that scripts are made of scripts: `(*answer(document)[:2], Reset())`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

# Near the mean of real tokenizers on English text.
TOKEN_CHARS = 4


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    token_chars: int = TOKEN_CHARS

    def __post_init__(self) -> None:
        if self.token_chars < 1:
            raise ValueError("token_chars must be at least 1")


@dataclass(frozen=True, slots=True)
class Content(_Text):
    """The model's text, one `delta.content` event for every `token_chars` characters."""


@dataclass(frozen=True, slots=True)
class Reasoning(_Text):
    """The model's thinking, one `delta.reasoning_content` event for every `token_chars` characters."""


@dataclass(frozen=True, slots=True)
class Refusal(_Text):
    """The model's refusal, one `delta.refusal` event for every `token_chars` characters."""


@dataclass(frozen=True, slots=True)
class Role:
    """The first event of an OpenAI stream: a role and an empty content."""


@dataclass(frozen=True, slots=True)
class Finish:
    """An event with an empty delta and this `finish_reason`."""

    reason: str = "stop"


@dataclass(frozen=True, slots=True)
class Usage:
    """An event without choices that counts the tokens of the prompt and of the completion."""

    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Done:
    """`data: [DONE]`."""


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes of the event stream, as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line, which the event-stream format ignores."""

    text: str = "keep-alive"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event whose data is this value as JSON, whatever its shape."""

    value: object


@dataclass(frozen=True, slots=True)
class Head:
    """The response's head, now. Without this step it goes out with the stream's first bytes.

    `headers` go over the usual ones, compared without case: `Head({"content-type": "text/html"})`.
    """

    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Pause:
    """Everything so far is sent, then nothing for this many seconds."""

    seconds: float


class Gate:
    """Everything so far is sent, then nothing until the test calls `open()`.

    The same gate may stand in several scripts: opened once, it is open for all.
    """

    __slots__ = ("_opened", "_reached")

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._reached = asyncio.Event()

    def open(self) -> None:
        """Let through who waits, and whoever comes later."""
        self._opened.set()

    async def reached(self, *, within: float = 5.0) -> None:
        """Wait until a script stands at this gate; `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within):
            await self._reached.wait()

    async def pass_through(self) -> None:
        """Say that the script is here, and wait until the gate is open."""
        self._reached.set()
        await self._opened.wait()


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with a TCP reset. The script ends here."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection without the end of the body. The script ends here.

    `inside_chunk`: first announce an HTTP chunk that is longer than what comes of it.
    """

    inside_chunk: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """A whole ordinary response in place of a stream. The script ends here.

    `body` is bytes, or a value to be sent as JSON; without one, an error object in OpenAI's shape.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: object = None


@dataclass(frozen=True, slots=True)
class Stall:
    """Everything so far is sent, the head too, then nothing until the client leaves."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Not even a head is sent: nothing until the client leaves."""


@dataclass(frozen=True, slots=True)
class Forever:
    """These steps again and again until the client leaves, `interval` seconds between two rounds."""

    steps: Script
    interval: float = 0.0

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("nothing to repeat")


# Steps that are bytes of the event stream, and take no time but the delivery's.
Said: TypeAlias = Content | Reasoning | Refusal | Role | Finish | Usage | Done | Raw | Comment | Chunk
Step: TypeAlias = Said | Head | Pause | Gate | Reset | Close | Status | Stall | NoAnswer | Forever
Script: TypeAlias = tuple[Step, ...]

DEFAULT_USAGE = Usage(prompt=100, completion=20)


def answer(
    document: str, *, token_chars: int = TOKEN_CHARS, usage: Usage | None = DEFAULT_USAGE, finish: str = "stop"
) -> Script:
    """A whole answer as OpenAI streams it: role, content, finish, usage (none if `None`), done."""
    counted = () if usage is None else (usage,)
    return (Role(), Content(document, token_chars), Finish(finish), *counted, Done())


def bullets(*elements: object) -> str:
    """The document `{"bullets": [...]}` with these elements: strings, or objects of any shape."""
    return json.dumps({"bullets": elements}, ensure_ascii=False)


def comments_forever(interval: float) -> Forever:
    """A comment line every `interval` seconds until the client leaves."""
    return Forever((Comment(),), interval)


def endless(text: str, *, token_chars: int = TOKEN_CHARS) -> Forever:
    """The text as content, over and over until the client leaves."""
    return Forever((Content(text, token_chars),))
