"""Read a chat-completions stream: chunks in, the model's text out.

Only choice 0 counts; reasoning, tool calls and refusals are never handed on as text.
"""

from typing import Any

from typing_extensions import override

from streamsum.core.passes import Cause
from streamsum.upstream.answers import AnswerDecoder, BadAnswer

_FINISHED = {
    "stop": Cause.STOP,
    "tool_calls": Cause.STOP,
    "function_call": Cause.STOP,
    "length": Cause.LENGTH,
    "content_filter": Cause.FILTER,
}
_REASONING = ("reasoning_content", "reasoning", "reasoning_details")
_NO_DELTA: dict[str, Any] = {}


class ChunkDecoder(AnswerDecoder):
    """One answer on the chat wire."""

    @override
    def _meaning(self, finish_reason: str) -> Cause:
        # A word that nobody knows is no better than none: the core asks whether the document closed.
        return _FINISHED.get(finish_reason, Cause.CUT)

    @override
    def _take_message(self, message: dict[str, Any]) -> None:
        if usage := message.get("usage"):
            self._take_usage(usage, prompt="prompt_tokens", completion="completion_tokens")
        if message.get("error") is not None or message.get("object") == "error":
            raise BadAnswer
        choices = message.get("choices", [])
        if not isinstance(choices, list):
            raise BadAnswer
        for choice in choices:
            if not isinstance(choice, dict):
                raise BadAnswer
            if not choice.get("index"):  # 0, null or left out
                self._take_choice(choice)

    def _take_choice(self, choice: dict[str, Any]) -> None:
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str):
            self._finish_reason = reason
        delta = choice.get("delta", _NO_DELTA)
        if not isinstance(delta, dict):
            raise BadAnswer
        match delta.get("content"):
            case None | "":
                pass
            case str() as text:
                self._add_text(text)
            case list() as parts:
                self._take_parts(parts)
            case _:
                raise BadAnswer
        if delta.get("refusal"):
            self._refuse()
        # The same under two names is said once.
        if thought := next(filter(None, map(delta.get, _REASONING)), None):
            self._note_thought(thought)

    def _take_parts(self, parts: list[Any]) -> None:
        for part in parts:
            match part:
                case {"type": "text", "text": str() as text}:
                    if text:
                        self._add_text(text)
                case {"type": "thinking" | "reasoning"}:
                    if _says_anything(part):
                        self._note_thought(part)
                case {"type": str() as kind} if kind != "text":
                    pass
                case _:
                    raise BadAnswer


def _says_anything(part: Any) -> bool:
    """Is there any text in it? Servers nest it differently; jiter bounds how deep."""
    match part:
        case dict():
            return any(_says_anything(value) for name, value in part.items() if name != "type")
        case list():
            return any(map(_says_anything, part))
        case _:
            return bool(part)
