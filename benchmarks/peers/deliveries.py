"""What came back -> which items were in it, and when each was there. Checked against what the model wrote."""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias, assert_never

from benchmarks.peers.answers import Answer
from benchmarks.peers.client import Exchange

# `events`: an SSE frame an item, `{"type": "bullet", "text": …}`. `forwarded`: the model's bytes, as they are.
# `deltas`: the model's text as it comes, in frames of `{"delta": …}`, then one with all the items that were valid.
Form: TypeAlias = Literal["events", "forwarded", "deltas"]


class WrongAnswer(Exception):
    """A service delivered something else than what the model wrote: its time means nothing."""


@dataclass(frozen=True, slots=True)
class Body:
    """A response's body without its HTTP chunks, and where each read ends in it."""

    data: bytes
    read_ends: list[int]
    times: list[float]

    def time_of(self, end: int) -> float:
        """When the first `end` bytes were there."""
        return self.times[bisect_left(self.read_ends, end)]


def body_of(exchange: Exchange) -> Body:
    """Take the HTTP framing away."""
    raw = b"".join(data for _, data in exchange.reads)
    raw_ends = list(accumulate(len(data) for _, data in exchange.reads))
    pieces: list[bytes] = []
    body_starts, raw_starts = [0], [0]
    at, size = raw.index(b"\r\n\r\n") + 4, 0
    while length := int(raw[at : (start := raw.index(b"\r\n", at) + 2) - 2].partition(b";")[0], 16):
        pieces.append(raw[start : start + length])
        body_starts.append(size)
        raw_starts.append(start)
        size += length
        at = start + length + 2
    if at + 5 != len(raw):
        raise WrongAnswer("bytes after the end of the body")
    return Body(
        b"".join(pieces),
        [_in_body(end, raw_starts, body_starts, size) for end in raw_ends],
        [time for time, _ in exchange.reads],
    )


def _in_body(raw_end: int, raw_starts: list[int], body_starts: list[int], size: int) -> int:
    """How much of the body there is in the first `raw_end` bytes of the response."""
    chunk = bisect_left(raw_starts, raw_end) - 1
    following = body_starts[chunk + 1] if chunk + 1 < len(body_starts) else size
    return min(body_starts[chunk] + raw_end - raw_starts[chunk], following) if chunk > 0 else 0


def arrivals(exchange: Exchange, form: Form, wanted: Answer) -> list[float]:
    """When each of the answer's items was there, in monotonic seconds. Raises WrongAnswer."""
    body = body_of(exchange)
    match form:
        case "events":
            found = _items(body)
            if [text for text, _ in found] != list(wanted.texts):
                raise WrongAnswer(f"{len(found)} items of {len(wanted.texts)}, or others")
            return [body.time_of(end) for _, end in found]
        case "forwarded":
            if body.data != wanted.body:
                raise WrongAnswer("not the bytes of the model")
            return [body.time_of(end) for end in wanted.event_ends]
        case "deltas":
            return _deltas(body, wanted)
        case _:
            assert_never(form)


def _frames(body: Body) -> list[tuple[dict[str, object], int]]:
    """The data of each frame, and where the frame ends."""
    found = []
    end = 0
    for frame in body.data.split(b"\n\n")[:-1]:
        end += len(frame) + 2
        data = b"".join(line[5:] for line in frame.split(b"\n") if line.startswith(b"data:"))
        if data:
            found.append((_object(data), end))
    return found


def _object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise WrongAnswer("an event that is no JSON object")
    return value


def _items(body: Body) -> list[tuple[object, int]]:
    return [(data["text"], end) for data, end in _frames(body) if data.get("type") == "bullet"]


def _deltas(body: Body, wanted: Answer) -> list[float]:
    frames = _frames(body)
    deltas = [(str(data["delta"]), end) for data, end in frames if "delta" in data]
    if "".join(delta for delta, _ in deltas) != wanted.document or frames[-1][0].get("bullets") != list(wanted.texts):
        raise WrongAnswer("not the text of the model, or not its items")
    text_ends = list(accumulate(len(delta) for delta, _ in deltas))
    return [body.time_of(deltas[bisect_left(text_ends, end)][1]) for end in wanted.text_ends]
