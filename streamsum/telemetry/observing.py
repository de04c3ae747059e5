"""Who is told of a summary's life while it is lived. What they make of it, a line, a figure or a span, is theirs."""

from collections.abc import Sequence

from typing_extensions import override

from streamsum.core.events import Event, Terminal
from streamsum.core.passes import Cause, End, PassKind


class Observer:
    """Of one summary. This one does not listen; who does overrides what it wants to hear.

    Called by the summary's own task, in the frame that read for it, or by its loop behind those who listen, so that
    nothing here may wait, or raise; and nothing is called for each delta.
    """

    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        """A model is called now."""

    def note_content(self, *, first: bool) -> None:
        """The call has brought content; `first`: the summary's first, too."""

    def note_offered(self, events: Sequence[Event], *, first: int) -> None:
        """These are about to be stored, numbered from `first` on; who listens may have them before they are noted."""

    def note_stored(self, events: Sequence[Event]) -> None:
        """These are, each told once; not those that were lost with the right to write."""

    def note_call_end(self, end: End, *, health: Cause) -> None:
        """The call is over; `health`: what its end says of the upstream, as `Run` judges it."""

    def note_end(self, last: Terminal) -> None:
        """The last event is stored."""

    def note_handed_over(self) -> None:
        """Another process goes on."""

    def close(self) -> None:
        """The task is over, whether there was an end or not."""


class Observers(Observer):
    """Several as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    @override
    def note_call(self, kind: PassKind, *, upstream: str, model: str) -> None:
        for each in self._observers:
            each.note_call(kind, upstream=upstream, model=model)

    @override
    def note_content(self, *, first: bool) -> None:
        for each in self._observers:
            each.note_content(first=first)

    @override
    def note_offered(self, events: Sequence[Event], *, first: int) -> None:
        for each in self._observers:
            each.note_offered(events, first=first)

    @override
    def note_stored(self, events: Sequence[Event]) -> None:
        for each in self._observers:
            each.note_stored(events)

    @override
    def note_call_end(self, end: End, *, health: Cause) -> None:
        for each in self._observers:
            each.note_call_end(end, health=health)

    @override
    def note_end(self, last: Terminal) -> None:
        for each in self._observers:
            each.note_end(last)

    @override
    def note_handed_over(self) -> None:
        for each in self._observers:
            each.note_handed_over()

    @override
    def close(self) -> None:
        for each in self._observers:
            each.close()
