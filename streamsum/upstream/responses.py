"""Read a stream of the responses API: events in, the model's text out.

A message's own `type` counts, not the event's name, which some servers leave out. Text comes only as deltas of output
text; what repeats it whole is passed over, and so are tools. https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any

from typing_extensions import override

from streamsum.core.passes import Cause
from streamsum.upstream.answers import AnswerDecoder, BadAnswer

_FINISHED = {
    "completed": Cause.STOP,
    "max_output_tokens": Cause.LENGTH,
    "content_filter": Cause.FILTER,
}


class ResponseDecoder(AnswerDecoder):
    """One answer on the responses wire."""

    @override
    def _meaning(self, finish_reason: str) -> Cause:
        return _FINISHED.get(finish_reason, Cause.CUT)

    @override
    def _take_message(self, message: dict[str, Any]) -> None:
        if message.get("error") is not None:
            raise BadAnswer
        match message:
            case {"type": "response.output_text.delta", "delta": ""}:
                pass
            case {"type": "response.output_text.delta", "delta": str() as text}:
                self._add_text(text)
            case {"type": "response.output_text.delta"}:
                raise BadAnswer
            case {"type": "response.refusal.delta" | "response.refusal.done"}:
                self._refuse()
            case {"type": "response.completed" | "response.incomplete" as kind}:
                self._finish(message.get("response"), otherwise=kind.removeprefix("response."))
            case {"type": "response.failed" | "response.cancelled" | "error"}:
                raise BadAnswer
            case {"type": str() as kind}:
                if kind.startswith("response.reasoning") and (thought := message.get("delta")):
                    self._note_thought(thought)
            case _:  # another wire
                raise BadAnswer

    def _finish(self, response: object, *, otherwise: str) -> None:
        """`otherwise`: what the event says, where the response in it does not."""
        it: dict[str, Any] = response if isinstance(response, dict) else {}
        if it.get("status") in {"failed", "cancelled"}:
            raise BadAnswer
        match it.get("incomplete_details"):
            case {"reason": str() as reason}:
                self._finish_reason = reason
            case _:
                self._finish_reason = otherwise
        self._take_usage(it.get("usage"), prompt="input_tokens", completion="output_tokens")
        self._stop()
