"""One summary's events as far as this process knows them, and its listeners' places in them.

Everything happens on one event loop, and nothing here waits for a listener: whoever is behind reads on from its place.
"""

from collections.abc import Sequence
from typing import Self

from streamsum.errors import LogError
from streamsum.runs.bell import Bell
from streamsum.runs.log import Entry, Preview


class Transcript:
    """Grows until it is over."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.newest_preview: Preview | None = None
        self.over = False  # nothing will follow
        self.failure: LogError | None = None  # why not, if it is not for the end
        self._changed = Bell()

    def extend(self, entries: Sequence[Entry]) -> None:
        """These are stored now."""
        self.entries += entries
        self.newest_preview = None  # what was open when it was drawn is closed now
        self._changed.ring()

    def show(self, preview: Preview) -> None:
        """Overwrite the slot."""
        if self.over:
            return
        self.newest_preview = preview
        self._changed.ring()

    def end(self, failure: LogError | None = None) -> None:
        """Nothing will follow: who listens reads what there is, and then ends, or hears of the failure."""
        if not self.over:
            self.over = True
            self.failure = failure
            self._changed.ring()

    def wake(self) -> None:
        """Let every reader look again."""
        self._changed.ring()

    async def change(self) -> None:
        """Wait until there is something else to read than now."""
        await self._changed.wait()


class Reader:
    """A place in a transcript, read on from: a `Listener`."""

    def __init__(self, transcript: Transcript, after: int) -> None:
        """`after`: the number of the last event that is known already."""
        self.excused = False
        self._dismissed = False
        self._transcript = transcript
        self._n = after
        self._seen = transcript.newest_preview  # previews are live only: not what was drawn before

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Entry | Preview:
        while (found := self.here()) is None:
            if self._dismissed:
                raise StopAsyncIteration
            if self._transcript.over:
                raise self._transcript.failure or StopAsyncIteration
            await self._transcript.change()
        return found

    @property
    def dismissed(self) -> bool:
        """Has another come in its place?"""
        return self._dismissed

    def excuse(self) -> None:
        """We end its connection ourselves: its leaving is not its client's, and sets no policy off."""
        self.excused = True

    def dismiss(self) -> None:
        """Another has come in its place: it ends at once, and whoever comes back finds all."""
        self.excused = self._dismissed = True
        self._transcript.wake()

    def here(self) -> Entry | Preview | None:
        """What is there to be read; see `Listener.here`."""
        if self._dismissed:
            return None
        if self._n < len(self._transcript.entries):
            self._n += 1
            return self._transcript.entries[self._n - 1]
        if (preview := self._transcript.newest_preview) is self._seen:
            return None
        self._seen = preview
        return preview
