"""The invariants of every stream, checked by one small checker over the bytes that a client got.

1 every event validates against the published JSON Schema; 2 ids are 1, 2, 3 … n; 3 the bullets are the document's
elements that pass, in order (where the test knows the document); 4 any cutting gives the same events (`comparable`);
5 exactly one terminal event, the last; 6 an independent reader sees the same events; 7 no planted canary shows;
8 the ledger agrees with the events.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from streamsum.core.event_stream import EventStreamDecoder
from streamsum.core.events import ANY_EVENT

SCHEMA = jsonschema.Draft202012Validator(ANY_EVENT.json_schema(mode="serialization"))
TERMINAL = {"summary.completed", "summary.failed"}


@dataclass(frozen=True)
class Received:
    """A whole stream, as a client sees it."""

    id: str
    events: list[dict[str, Any]]

    @property
    def bullets(self) -> list[str]:
        return [event["text"] for event in self.events if event["type"] == "bullet"]

    @property
    def rejections(self) -> list[str]:
        return [event["reasons"][0]["code"] for event in self.events if event["type"] == "bullet.rejected"]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def ledger(self) -> dict[str, Any]:
        last = self.last
        ledger: dict[str, Any] = last["ledger"] if last["type"] == "summary.failed" else last
        return ledger

    @property
    def finish(self) -> str:
        """As `complete`, or `failed:upstream_error`."""
        return ("failed:" if self.last["type"] == "summary.failed" else "") + str(self.ledger["finish"])

    @property
    def comparable(self) -> list[dict[str, Any]]:
        """The events without what differs from one summary to the next: id and times."""
        events = json.loads(json.dumps(self.events))
        for event in events:
            event.pop("id", None)
            event.pop("created_at", None)
            event.get("ledger", event).pop("timing", None)
        return list(events)


def check(
    wire: bytes, *, canaries: Sequence[str] = (), elements: Sequence[Any] | None = None, after: int = 0
) -> Received:
    """`wire` is a whole body, from the event after number `after` to the last. Raises AssertionError."""
    received = EventStreamDecoder().feed(wire)
    _check_independently(wire, [(event.event, bytes(event.data)) for event in received])
    events, id = [], ""
    for n, event in enumerate(received, after + 1):
        id, _, number = (event.id or "").rpartition(":")
        assert (int(number), len(id)) == (n, 22)
        data = json.loads(event.data)
        assert data["type"] == event.event
        SCHEMA.validate(data)
        events.append(data)
    assert [event["type"] in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    assert wire.startswith(b"retry: 2000\n")
    for canary in canaries:
        assert canary.encode() not in wire
    result = Received(id, events)
    if not after:
        _check_whole(result, elements)
    return result


def _check_whole(received: Received, elements: Sequence[Any] | None) -> None:
    assert received.events[0]["type"] == "summary.created"
    assert received.events[0]["id"] == received.id
    bullets, ledger = received.bullets, received.ledger
    assert [e["index"] for e in received.events if e["type"] == "bullet"] == list(range(len(bullets)))
    assert ledger["bullets"] == len(bullets) <= received.events[0]["max_bullets"]
    assert ledger["rejected"] == len(received.rejections)
    assert ledger["truncated"] is (ledger["finish"] not in {"complete", "max_bullets"})
    assert ledger["digest"] == hashlib.sha256("".join(f"{text}\n" for text in bullets).encode()).hexdigest()
    if elements is not None:
        texts = iter([" ".join((e if isinstance(e, str) else e.get("text", "")).split()) for e in elements])
        assert all(bullet in texts for bullet in bullets), "bullets are elements, in the document's order"


def _check_independently(wire: bytes, expected: list[tuple[str, bytes]]) -> None:
    """A reader that shares no code with ours: blocks between blank lines, `name: value` in each."""
    assert b"\r" not in wire
    seen = []
    for block in wire.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "data" in fields:
            assert fields["event"] != "error"
            seen.append((fields["event"], fields["data"].encode()))
    assert seen == expected
