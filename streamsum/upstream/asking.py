"""How one upstream is asked, as far as it is known what it takes. What it refuses by name is given up, step by step."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, cast

from streamsum.settings import MaxTokensField, OutputMode

Parameter = Literal["response_format", "stream_options", "max_tokens", "temperature"]

_MODES: tuple[OutputMode, ...] = ("json_schema", "json_object", "prompt")

# What stands for a parameter in what a server says; the wires have different names for the same thing.
_NAMES: dict[Parameter, str] = {
    "response_format": r"response[_ ]format|text\.format|json_schema|json_object",
    "stream_options": "stream_options|include_usage",
    "max_tokens": "max_tokens|max_completion_tokens|max_output_tokens",
    "temperature": "temperature",
}
_NAMED = re.compile("|".join(rf"(?P<{parameter}>\b(?:{names})\b)" for parameter, names in _NAMES.items()))

# Where servers say what is wrong: OpenAI and most others, FastAPI's, Mistral's, Gemini's. Beside these stand members
# that repeat our request (`input`, `ctx`), and whatever else.
_TELLING = ("param", "loc", "field", "error", "message", "msg", "detail", "details", "fieldViolations", "description")
# A longer list of errors, or a deeper one, tells no more about one request of ours.
_MAX_ERRORS, _MAX_DEPTH = 16, 6
# A server says what is wrong before it quotes.
_MAX_MESSAGE_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the next request says. Of each ladder the first rung is in use; the last one is never given up."""

    output_modes: tuple[OutputMode, ...] = _MODES
    max_tokens_fields: tuple[str | None, ...] = ("max_tokens", "max_completion_tokens")
    stream_options: tuple[bool, ...] = (True, False)
    temperatures: tuple[float | None, ...] = (None,)

    @classmethod
    def chat(cls, *, output_mode: OutputMode, max_tokens_field: MaxTokensField, temperature: float | None) -> "Asking":
        """A start for the chat wire."""
        other: MaxTokensField = "max_completion_tokens" if max_tokens_field == "max_tokens" else "max_tokens"
        return cls(
            output_modes=_MODES[_MODES.index(output_mode) :],
            max_tokens_fields=(max_tokens_field, other),
            temperatures=_with_none(temperature),
        )

    @classmethod
    def responses(cls, *, output_mode: OutputMode, temperature: float | None) -> "Asking":
        """A start for the responses wire: it always tells the usage, and its limit has one name."""
        return cls(
            output_modes=_MODES[_MODES.index(output_mode) :],
            max_tokens_fields=("max_output_tokens", None),
            stream_options=(False,),
            temperatures=_with_none(temperature),
        )

    def without(self, parameter: Parameter) -> "Asking | None":
        """The next best way to ask, where `parameter` as it is was refused; None: there is no other."""
        ladder = _LADDERS[parameter]
        rest = getattr(self, ladder)[1:]
        return replace(self, **{ladder: rest}) if rest else None


_LADDERS: dict[Parameter, str] = {
    "response_format": "output_modes",
    "stream_options": "stream_options",
    "max_tokens": "max_tokens_fields",
    "temperature": "temperatures",
}


def _with_none(temperature: float | None) -> tuple[float | None, ...]:
    return (None,) if temperature is None else (temperature, None)


def refused_parameters(body: object) -> list[Parameter]:
    """The parameters that the body of a 400 names, the plainest first: looked at, and not kept."""
    found: list[Parameter] = []
    for said in _said(body, depth=_MAX_DEPTH):
        for name in _NAMED.finditer(said, 0, _MAX_MESSAGE_CHARS):
            parameter = cast("Parameter", name.lastgroup)  # the groups are named so
            if parameter not in found:
                found.append(parameter)
    return found


def _said(body: object, *, depth: int) -> Iterator[str]:
    """All strings in which a server may name a parameter."""
    if isinstance(body, str):
        yield body
    elif not depth:
        return
    elif isinstance(body, list):
        for each in body[:_MAX_ERRORS]:
            yield from _said(each, depth=depth - 1)
    elif isinstance(body, dict):
        for member in _TELLING:
            yield from _said(body.get(member), depth=depth - 1)
