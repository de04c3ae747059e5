"""Decode an event stream that is still arriving: bytes in, events out, at the line that ends them.

The law is the WHATWG's:
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
Lines are cut at C speed, each byte is looked at once, and any cutting of the same bytes gives the same events. As the
standard says, what is still open when the stream ends is no event: there is nothing to call at the end.
"""

from collections.abc import Collection
from typing import NamedTuple

from streamsum.errors import StreamsumError

# No line, and no event's data, may be longer: the longest honest event (a whole answer in one chunk, with its
# logprobs) is a tenth of it.
MAX_EVENT_BYTES = 1 << 20

_BOM = b"\xef\xbb\xbf"
_LF = 0x0A


class ServerSentEvent(NamedTuple):
    """One event. `data` stays bytes, for a parser to read; `id` is the last event id that the stream has set."""

    event: str
    data: bytes
    id: str = ""


class EventTooLong(StreamsumError):
    """A line, or an event's data, runs over the limit; `events` were complete before it in the same read."""

    def __init__(self, events: list[ServerSentEvent]) -> None:
        """Takes what was complete already."""
        super().__init__("an event runs over the limit")
        self.events = events


class EventStreamDecoder:
    """Reads of an event stream in, events out.

    `also` names fields that the standard does not know and that some servers send all the same (`error: {…}`): such a
    line is handed on at once, as an event of that name. `max_event_bytes` bounds a line and an event's data.
    """

    def __init__(self, *, also: Collection[str] = (), max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.last_event_id = ""
        self.retry: int | None = None  # milliseconds, as the server asked for
        self.rests = False  # nothing is open: the next byte begins a line, and an event
        self._also = frozenset(name.encode() for name in also)
        self._max = max_event_bytes
        self._open_line: list[bytes] = []  # the reads that it came in: joined once, when it ends
        self._open_bytes = 0
        self._skip_lf = False  # the last read ended in CR, which ended a line: an LF now would belong to it
        self._at_start = True
        self._event = ""
        self._id = ""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, read: bytes) -> list[ServerSentEvent]:
        """The events that end in this read. Raises EventTooLong; nothing may be fed after that."""
        events: list[ServerSentEvent] = []
        for line in self._lines(read):
            if len(line) > self._max:
                raise EventTooLong(events)
            if not line:
                self._dispatch(events)
            elif line.startswith(b"data:"):
                self._add_data(line[6:] if line.startswith(b"data: ") else line[5:], events)
            elif not line.startswith(b":"):
                self._take_field(line, events)
        if self._open_bytes > self._max:
            raise EventTooLong(events)
        self.rests = not (self._open_line or self._data or self._event or self._skip_lf or self._at_start)
        return events

    def _lines(self, read: bytes) -> list[bytes]:
        """The lines that end in this read, without their ends; the rest is kept open."""
        if self._skip_lf and read:
            self._skip_lf = False
            read = read[1:] if read[0] == _LF else read
        end = max(read.rfind(b"\n"), read.rfind(b"\r")) + 1
        if not end:
            self._keep_open(read)
            return []
        ended = b"".join((*self._open_line, read[:end]))
        self._open_line, self._open_bytes = [], 0
        self._keep_open(read[end:])
        self._skip_lf = read.endswith(b"\r")
        if self._at_start:
            self._at_start = False
            ended = ended.removeprefix(_BOM)
        return ended.splitlines()  # of bytes: at LF, CR LF and CR, and at nothing else

    def _keep_open(self, piece: bytes) -> None:
        if piece:
            self._open_line.append(piece)
            self._open_bytes += len(piece)

    def _add_data(self, value: bytes, events: list[ServerSentEvent]) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + 1  # the line feed that joins it to the next counts too: empty lines add up
        if self._data_bytes > self._max + 1:
            raise EventTooLong(events)

    def _take_field(self, line: bytes, events: list[ServerSentEvent]) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"event":
                self._event = value.decode(errors="replace")
            case b"data":
                self._add_data(value, events)
            case b"id" if b"\0" not in value:
                self._id = value.decode(errors="replace")
            case b"retry" if value.isdigit() and len(value) <= 16:  # a longer one is no time that anybody waits
                self.retry = int(value)
            case _:
                if name in self._also:
                    events.append(ServerSentEvent(name.decode(), value, self._id))

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data:
            events.append(ServerSentEvent(self._event or "message", b"\n".join(self._data), self._id))
            self._data, self._data_bytes = [], 0
        self._event = ""
