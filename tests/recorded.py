"""Streams as real servers send them: the recordings, where they are, and their quirks written by hand, always.

`reframed` puts a text of ours in the place of a stream's content and leaves all else as it is.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from streamsum.core.passes import Cause
from streamsum.settings import WireName

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"

_DATA = re.compile(rb"(?<=^data:)( ?)(\{[^\r\n]*)", re.MULTILINE)
_CAUSES = {
    "stop": Cause.STOP,
    "tool_calls": Cause.STOP,
    "function_call": Cause.STOP,
    "length": Cause.LENGTH,
    "completed": Cause.STOP,
    "max_output_tokens": Cause.LENGTH,
    "content_filter": Cause.FILTER,
}


@dataclass(frozen=True)
class Recorded:
    """A whole answer of a server, and what is in it."""

    name: str
    wire: WireName
    stream: bytes
    digest: str  # SHA-256 of its content
    cause: Cause
    reason: str | None  # the finish reason, as it is told
    cuts: tuple[bytes, ...] = ()  # the reads in which it came, where they were recorded


def all_streams() -> list[Recorded]:
    return [*_quirks(), *recordings()]


def recordings() -> list[Recorded]:
    index = RECORDINGS / "index.json"
    return [_recording(entry) for entry in json.loads(index.read_text())] if index.exists() else []


def _recording(entry: dict[str, Any]) -> Recorded:
    file = RECORDINGS / entry["file"]
    stream = file.read_bytes()
    sizes = file.with_suffix(".cuts.json")
    places = accumulate(json.loads(sizes.read_text()), initial=0) if sizes.exists() else ()
    reason = (entry["finish_reason"] or [""])[-1].removeprefix("incomplete:")
    if entry["error"] or any("error" in quirk for quirk in entry["quirks"]):
        cause = Cause.ERROR
    elif entry["refusal_chars"]:
        cause = Cause.REFUSAL
    else:
        cause = _CAUSES.get(reason, Cause.CUT)
    return Recorded(
        entry["file"].removesuffix(".sse"),
        entry["wire"],
        stream,
        entry["content_sha256"],
        cause,
        None if reason in {"", "failed"} else reason,
        tuple(stream[start:end] for start, end in pairwise(places)),
    )


# ---- a text of ours in another's frames


def reframed(recorded: Recorded, text: str) -> bytes | None:
    """The stream with `text` as its content, spread over the same deltas; None: it has none."""
    deltas = sum(len(list(_places(json.loads(data), recorded.wire))) for _, data in _DATA.findall(recorded.stream))
    if not deltas:
        return None
    bounds = [len(text) * n // deltas for n in range(deltas + 1)]
    pieces = iter([text[start:end] for start, end in pairwise(bounds)])

    def replace(found: re.Match[bytes]) -> bytes:
        message = json.loads(found[2])
        places = list(_places(message, recorded.wire))
        for container, member in places:
            container[member] = next(pieces)
        data = json.dumps(message, ensure_ascii=b"\\u" in found[2], separators=(",", ":")).encode()
        return found[1] + (data if places else found[2])

    return _DATA.sub(replace, recorded.stream)


def _places(message: dict[str, Any], wire: WireName) -> Iterator[tuple[dict[str, Any], str]]:
    """Where the content is: container and member."""
    if wire == "responses":
        if message["type"] == "response.output_text.delta":
            yield message, "delta"
        return
    for choice in message.get("choices") or ():
        delta = {} if choice.get("index") else choice.get("delta", {})
        match delta.get("content"):
            case str() as text if text:
                yield delta, "content"
            case list() as parts:
                yield from ((part, "text") for part in parts if part["type"] == "text")
            case _:
                pass


# ---- the quirks, each in a small stream with the content "one two"


def _event(message: object, *, colon: str = ": ", end: str = "\n\n") -> bytes:
    return f"data{colon}{json.dumps(message, ensure_ascii=False)}{end}".encode()


def _choice(finish: str | None = None, *, index: int = 0, more: object = None, **delta: object) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": index, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice]} | (more if isinstance(more, dict) else {})


def _delta(text: str, **more: object) -> bytes:
    return _event({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text, **more})


def _over(status: str, reason: str | None = None) -> bytes:
    details = {"reason": reason} if reason else None
    usage = {"input_tokens": 7, "output_tokens": 3}
    response = {"status": status, "error": None, "incomplete_details": details, "usage": usage}
    return _event({"type": f"response.{status}", "response": response})


_ONE, _TWO = _event(_choice(content="one ")), _event(_choice(content="two"))
_BOTH, _STOP, _DONE = _ONE + _TWO, _event(_choice("stop")), b"data: [DONE]\n\n"
_USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
_NO_REASON = {"choices": [{"index": 0, "delta": {"content": "one two"}}]}
_PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "one two"}]

_CHAT: dict[str, tuple[bytes, Cause, str | None]] = {
    "comments": (b": OPENROUTER PROCESSING\n\n: keep-alive\n" + _BOTH + _STOP + _DONE, Cause.STOP, "stop"),
    "CR LF": ((_BOTH + _STOP + _DONE).replace(b"\n", b"\r\n"), Cause.STOP, "stop"),
    "no space": ((_BOTH + _STOP + _DONE).replace(b"data: ", b"data:"), Cause.STOP, "stop"),
    "more blank lines": ((_BOTH + _STOP + _DONE).replace(b"\n\n", b"\n\n\n\n"), Cause.STOP, "stop"),
    "event: error": (_BOTH + b'event: error\ndata: {"error":{"message":"no"}}\n\n', Cause.ERROR, None),
    "error: as a line": (_BOTH + b'error: {"detail":"no"}\n\n', Cause.ERROR, None),
    "error as data": (_BOTH + _event({"error": {"message": "no"}}), Cause.ERROR, None),
    "error beside choices": (_BOTH + _event(_choice("error", more={"error": {"code": 400}})), Cause.ERROR, None),
    "error after the reason": (_BOTH + _STOP + _event({"error": {}}), Cause.ERROR, "stop"),
    "no [DONE]": (_BOTH + _STOP, Cause.STOP, "stop"),
    "no reason": (_BOTH + _DONE, Cause.CUT, None),
    "reason left out": (_event(_NO_REASON) + _STOP + _DONE, Cause.STOP, "stop"),
    "two reasons": (_BOTH + _event(_choice("length")) + _STOP + _DONE, Cause.STOP, "stop"),
    "content after the reason": (_ONE + _STOP + _TWO + _DONE, Cause.STOP, "stop"),
    "length": (_BOTH + _event(_choice("length")) + _DONE, Cause.LENGTH, "length"),
    "content_filter": (_BOTH + _event(_choice("content_filter")) + _DONE, Cause.FILTER, "content_filter"),
    "eos": (_BOTH + _event(_choice("eos")) + _DONE, Cause.CUT, "eos"),
    "eos_token": (_BOTH + _event(_choice("eos_token")), Cause.CUT, "eos_token"),
    "function_call": (_BOTH + _event(_choice("function_call")) + _DONE, Cause.STOP, "function_call"),
    "choices [] first": (
        _event({"id": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
        + _event(_choice(content="one two") | {"content_filter_results": {}})
        + _STOP + _DONE, Cause.STOP, "stop",
    ),
    "choices [] in the middle": (_ONE + _event({"choices": [], "moderation": {}}) + _TWO + _STOP, Cause.STOP, "stop"),
    "usage on its own": (_BOTH + _STOP + _event({"choices": [], "usage": _USAGE}) + _DONE, Cause.STOP, "stop"),
    "usage with choices": (_BOTH + _event(_choice("stop", more={"usage": _USAGE})) + _DONE, Cause.STOP, "stop"),
    "running usage": (
        _event(_choice(content="one two", more={"usage": {"prompt_tokens": 7, "completion_tokens": 1}}))
        + _event(_choice("stop", more={"usage": _USAGE})), Cause.STOP, "stop",
    ),
    "usage null": (_event(_choice(content="one two", more={"usage": None})) + _STOP + _DONE, Cause.STOP, "stop"),
    "padding": (
        _event(_choice(content="one two", more={"obfuscation": "x3", "x_groq": {"id": "a"}, "timings": {}}))
        + _STOP, Cause.STOP, "stop",
    ),
    "reasoning": (
        _event(_choice(reasoning_content="hm", content=None)) + _event(_choice(reasoning="hm", content=""))
        + _event(_choice(reasoning_details=[{"type": "reasoning.text", "text": "hm"}])) + _BOTH + _STOP + _DONE,
        Cause.STOP, "stop",
    ),
    "parts": (_event(_choice(content=_PARTS)) + _STOP + _DONE, Cause.STOP, "stop"),
    "nulls": (
        _event(_choice(role="assistant", content=None, refusal=None, tool_calls=None, function_call=None))
        + _BOTH + _event(_choice("stop", tool_calls=[])) + _DONE, Cause.STOP, "stop",
    ),
    "a role on every chunk": (_event(_choice(role="assistant", content="one two")) + _STOP + _DONE, Cause.STOP, "stop"),
    "a choice without delta": (
        _event({"choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}}]}) + _BOTH + _STOP,
        Cause.STOP, "stop",
    ),
    "the message so far": (
        _event({"object": "chat.completion", "choices": [
            {"index": 0, "delta": {"content": "one two"}, "message": {"content": "one two"}, "finish_reason": None}
        ], "citations": ["https://example.org"], "search_results": []})
        + _event({"object": "chat.completion.done", "choices": [
            {"index": 0, "delta": {"content": ""}, "message": {"content": "one two"}, "finish_reason": "stop"}
        ]}), Cause.STOP, "stop",
    ),
    "several choices": (
        _ONE + _event(_choice(content="other", index=1)) + _TWO + _event(_choice("length", index=1)) + _STOP + _DONE,
        Cause.STOP, "stop",
    ),
    "logprobs": (
        _event({"choices": [{"delta": {"content": "one two"}, "logprobs": {"content": [{"token": "one"}]}}]}) + _STOP,
        Cause.STOP, "stop",
    ),
    "refusal": (_BOTH + _event(_choice(refusal="No.")) + _STOP + _DONE, Cause.REFUSAL, "stop"),
    "tool calls": (
        _BOTH + _event(_choice(tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]))
        + _event(_choice("tool_calls")) + _DONE, Cause.STOP, "tool_calls",
    ),
    "escapes": ((_BOTH + _STOP).replace(b"one", b"\\u006fn\\u0065"), Cause.STOP, "stop"),
    "other object": ((_BOTH + _STOP).replace(b"chat.completion.chunk", b"text_completion"), Cause.STOP, "stop"),
}  # fmt: skip
_RESPONSES: dict[str, tuple[bytes, Cause, str | None]] = {
    "events named": (
        b"event: response.output_text.delta\n" + _delta("one two") + b"event: response.completed\n"
        + _over("completed"), Cause.STOP, "completed",
    ),
    "events not named": (_delta("one ") + _delta("two") + _over("completed"), Cause.STOP, "completed"),
    "keep-alives": (
        b": keepalive\n\n" + _delta("one ") + b'event: keepalive\ndata: {"type":"keepalive"}\n\n' + _delta("two")
        + _over("completed"), Cause.STOP, "completed",
    ),
    "[DONE]": (_delta("one two") + _over("completed") + _DONE, Cause.STOP, "completed"),
    "max_output_tokens": (
        _delta("one two") + _over("incomplete", "max_output_tokens"), Cause.LENGTH, "max_output_tokens"
    ),
    "content_filter": (_delta("one two") + _over("incomplete", "content_filter"), Cause.FILTER, "content_filter"),
    "failed": (_delta("one two") + _over("failed"), Cause.ERROR, None),
    "error": (
        _delta("one two") + _event({"type": "error", "error": {"code": "no"}}) + _over("failed"), Cause.ERROR, None
    ),
    "cut": (_delta("one two"), Cause.CUT, None),
    "reasoning": (
        _event({"type": "response.reasoning_summary_text.delta", "delta": "hm"})
        + _event({"type": "response.reasoning_text.delta", "delta": "hm"})
        + _delta("one two") + _over("completed"), Cause.STOP, "completed",
    ),
    "padding and logprobs": (
        _delta("one two", obfuscation="x3", logprobs=[]) + _over("completed"), Cause.STOP, "completed"
    ),
    "tools and annotations": (
        _event({"type": "response.file_search_call.searching", "item_id": "a"})
        + _event({"type": "response.function_call_arguments.delta", "delta": "{"})
        + _delta("one two") + _event({"type": "response.output_text.annotation.added", "annotation": {}})
        + _over("completed"), Cause.STOP, "completed",
    ),
    "all of it again": (
        _delta("one two") + _event({"type": "response.output_text.done", "text": "one two"})
        + _event({"type": "response.content_part.done", "part": {"type": "output_text", "text": "one two"}})
        + _over("completed"), Cause.STOP, "completed",
    ),
    "refusal": (
        _delta("one two") + _event({"type": "response.refusal.delta", "delta": "No."}) + _over("completed"),
        Cause.REFUSAL, "completed",
    ),
}  # fmt: skip


def _quirks() -> Iterator[Recorded]:
    digest = hashlib.sha256(b"one two").hexdigest()
    wires: dict[WireName, dict[str, tuple[bytes, Cause, str | None]]] = {"chat": _CHAT, "responses": _RESPONSES}
    for wire, quirks in wires.items():
        for name, (stream, cause, reason) in quirks.items():
            yield Recorded(f"{wire}: {name}", wire, stream, digest, cause, reason)
