"""What a process knows of one summary for its own listeners: complete from the first event on, in order."""

from collections.abc import Sequence

from streamsum.runs.log import Entry
from streamsum.runs.transcript import Reader, Transcript


class Mirror(Transcript):
    """Kept as long as somebody here listens."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id = id
        self.key = ""  # whose it is, as soon as somebody was let in
        self.users = 0  # who listens, or is about to
        self.readers: dict[str, Reader] = {}
        self.behind = False  # something was missed, and must be fetched
        self._ahead: dict[int, Entry] = {}  # came before what precedes it; bounded as a summary's events are

    def take(self, entries: Sequence[Entry]) -> None:
        """Entries from the server, known ones among them; what is missing before them leaves it `behind`."""
        if self.over:
            return
        self._ahead.update((entry.n, entry) for entry in entries if entry.n > len(self.entries))
        ready: list[Entry] = []
        while entry := self._ahead.pop(len(self.entries) + len(ready) + 1, None):
            ready.append(entry)
        if ready:
            self.extend(ready)
            if ready[-1].final:
                self.end()
        self.behind = bool(self._ahead)
