"""Entries as the server has them: in a stream, and in a message."""

from collections.abc import Sequence
from typing import Any

from streamsum.runs.log import Entry


def stored(items: Sequence[Any]) -> list[Entry]:
    """What XRANGE gave: `[[b"1-n", [b"event", …, b"data", …, b"final", …]], …]`."""
    return [_entry(int(id.partition(b"-")[2]), fields) for id, fields in items]


def _entry(n: int, fields: Sequence[bytes]) -> Entry:
    event, data, final = fields[1::2]
    return Entry(n, event.decode(), data, final == b"1")


def sent(body: bytes) -> list[Entry]:
    """What the append script published: `n final event`, and the data on the next line, in turn. Data is one line."""
    lines = body.split(b"\n")
    return [_sent(head, data) for head, data in zip(lines[::2], lines[1::2], strict=True)]


def _sent(head: bytes, data: bytes) -> Entry:
    n, final, event = head.split(b" ")
    return Entry(int(n), event.decode(), data, final == b"1")
