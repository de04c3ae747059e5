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
        self.readers: dict[str, Reader] = {}
        self.joining: dict[str, Reader] = {}  # who has asked to be let in
        self.unsure: set[str] = set()  # whose joining we have given up once: it may come yet
        self.behind = False  # something was missed, and must be fetched
        self.missed = False  # something may have been, by those who were joining then
        self._ahead: dict[int, Entry] = {}  # came before what precedes it; bounded as a summary's events are

    @property
    def is_used(self) -> bool:
        """Does anybody listen, or is about to?"""
        return bool(self.readers or self.joining)

    @property
    def counted(self) -> dict[str, Reader]:
        """Who should be on the server's list: let in, and not replaced."""
        return {name: reader for name, reader in self.readers.items() if not reader.dismissed}

    def reader(self, name: str) -> Reader | None:
        """The listener of this name, let in or not."""
        return self.readers.get(name) or self.joining.get(name)

    def let_in(self, name: str) -> None:
        """The server counts it now."""
        self.readers[name] = self.joining.pop(name)

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
