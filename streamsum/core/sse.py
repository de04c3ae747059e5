"""An event -> its frame on the wire: https://html.spec.whatwg.org/multipage/server-sent-events.html.

Names and ids are ours alone, and JSON has no raw line break: nothing in an event's data can end its line.
"""

from streamsum.core.events import Event

KEEP_ALIVE = b": keep-alive\n\n"
RETRY = b"retry: 2000\n"  # milliseconds; stands before a connection's first frame


def encode(event: Event) -> bytes:
    """The event's data: one line of JSON that repeats the event's name as `type`."""
    return event.model_dump_json().encode()


def frame(id: str | None, event: str, data: bytes) -> bytes:
    """One event on the wire; without `id` a client's cursor stays where it is."""
    cursor = b"" if id is None else b"id: %b\n" % id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (cursor, event.encode(), data)
