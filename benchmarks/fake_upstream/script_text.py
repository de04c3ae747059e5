r"""Scripts as text: one step a line, its verb first.

    # lines that begin with a hash, and empty ones, say nothing
    role
    content {"bullets": ["as it is, to the end of the line
    pause 100ms
    raw data: {"x": 1}\r\n\xff
    status 429 retry-after=3

Texts are taken as they are; only `raw` knows escapes: \n, \r, \t, \\ and \xHH. `VERBS` lists all verbs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from benchmarks.fake_upstream.script import (
    TOKEN_CHARS,
    Chunk,
    Close,
    Comment,
    Content,
    Done,
    Finish,
    Head,
    NoAnswer,
    Pause,
    Raw,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Step,
    Usage,
    comments_forever,
    endless,
)

_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})|\\[\x00-\x7f]?")
_ESCAPES = {rb"\n": b"\n", rb"\r": b"\r", rb"\t": b"\t", rb"\\": b"\\"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)", re.ASCII)


class ScriptError(ValueError):
    """A line that is no step; the message names its number."""


def parse(text: str, *, token_chars: int = TOKEN_CHARS) -> Script:
    """The script that the text describes; `ScriptError` names the first bad line."""
    steps: list[Step] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                steps.append(_parse_line(line.removesuffix("\r"), token_chars))
            except ValueError as error:
                raise ScriptError(f"line {number}: {error}") from error
    return tuple(steps)


def _parse_line(line: str, token_chars: int) -> Step:
    verb, _, rest = line.lstrip().partition(" ")
    if (build := VERBS.get(verb)) is None:
        raise ValueError(f"unknown step {verb!r}; one of {', '.join(VERBS)}")
    return build(rest, token_chars)


def _alone(step: Step) -> Callable[[str, int], Step]:
    def build(rest: str, _token_chars: int) -> Step:
        if rest.strip():
            raise ValueError(f"nothing may follow here, not {rest.strip()!r}")
        return step

    return build


def _texts(kind: Callable[[str, int], Step]) -> Callable[[str, int], Step]:
    def build(rest: str, token_chars: int) -> Step:
        if not rest:
            raise ValueError("a text must follow")
        return kind(rest, token_chars)

    return build


def _word(rest: str) -> str:
    words = rest.split()
    if len(words) != 1:
        raise ValueError(f"one word must follow, not {rest!r}")
    return words[0]


def _seconds(rest: str) -> float:
    found = _DURATION.fullmatch(rest.strip())
    if found is None:
        raise ValueError(f"a duration such as 100ms or 2s must follow, not {rest!r}")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


def _fields(words: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ValueError(f"a header is written name=value, not {word!r}")
        fields[name] = value
    return fields


def _usage(rest: str) -> Usage:
    words = rest.split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise ValueError(f"two counts must follow, prompt and completion tokens, not {rest!r}")
    return Usage(int(words[0]), int(words[1]))


def _status(rest: str) -> Status:
    words = rest.split()
    if not words or not re.fullmatch(r"[2-5]\d\d", words[0], re.ASCII):
        raise ValueError(f"a status code must follow, not {rest!r}")
    return Status(int(words[0]), _fields(words[1:]))


def _close(rest: str) -> Close:
    if rest.strip() not in ("", "inside-chunk"):
        raise ValueError(f"only inside-chunk may follow, not {rest!r}")
    return Close(inside_chunk=bool(rest.strip()))


def _raw(rest: str) -> Raw:
    return Raw(_ESCAPE.sub(_unescape, rest.encode()))


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes.fromhex(found[1].decode())
    if found[0] not in _ESCAPES:
        raise ValueError(f"unknown escape {found[0].decode()}; there are \\n, \\r, \\t, \\\\ and \\xHH")
    return _ESCAPES[found[0]]


def _json(rest: str) -> Chunk:
    try:
        return Chunk(json.loads(rest))
    except ValueError as error:
        raise ValueError(f"JSON must follow: {error}") from error


VERBS: dict[str, Callable[[str, int], Step]] = {
    "head": lambda rest, _: Head(_fields(rest.split())),
    "role": _alone(Role()),
    "content": _texts(Content),
    "reasoning": _texts(Reasoning),
    "refusal": _texts(Refusal),
    "finish": lambda rest, _: Finish(_word(rest)),
    "usage": lambda rest, _: _usage(rest),
    "done": _alone(Done()),
    "raw": lambda rest, _: _raw(rest),
    "comment": lambda rest, _: Comment(rest),
    "chunk": lambda rest, _: _json(rest),
    "pause": lambda rest, _: Pause(_seconds(rest)),
    "reset": _alone(Reset()),
    "close": lambda rest, _: _close(rest),
    "status": lambda rest, _: _status(rest),
    "stall": _alone(Stall()),
    "no-answer": _alone(NoAnswer()),
    "comments-forever": lambda rest, _: comments_forever(_seconds(rest)),
    "endless": _texts(lambda text, token_chars: endless(text, token_chars=token_chars)),
}
