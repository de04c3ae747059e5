"""What a run notes for the ledger: when things came, and what each pass cost. The core has no clock of its own."""

import asyncio
from collections.abc import Sequence

from streamsum.core.events import Bullet, Event
from streamsum.core.passes import Bill, End, Pass, PassReport, Timing


class Account:
    """Open from a summary's admission until its bill is drawn up."""

    def __init__(self, *, admitted: float) -> None:
        """`admitted` is in `loop.time()` seconds."""
        self._admitted = admitted
        self._passes: list[PassReport] = []
        self._awaits_delta = self._awaits_bullet = True
        self._first_delta_ms: int | None = None
        self._first_bullet_ms: int | None = None

    def take_over(self, stored: Sequence[Event], *, model: str) -> None:
        """A process that is gone has written these: what its call cost, and when its content came, nobody knows.

        `model`: the one that it has called, if the events do not say.
        """
        self._passes.append(PassReport(kind="first", model=getattr(stored[0], "model", model)))
        self._awaits_delta = False
        self._awaits_bullet = not _has_bullet(stored)

    def note_content(self) -> bool:
        """There is some; True: it is the summary's first."""
        if not self._awaits_delta:
            return False
        self._awaits_delta = False
        self._first_delta_ms = self._ms()
        return True

    def note_written(self, events: Sequence[Event]) -> None:
        """These are with the log."""
        if self._awaits_bullet and _has_bullet(events):
            self._awaits_bullet = False
            self._first_bullet_ms = self._ms()

    def note_pass(self, ended: Pass, end: End, *, model: str) -> None:
        """A call is over."""
        usage = end.usage
        self._passes.append(
            PassReport(
                kind=ended.kind,
                model=model,
                finish_reason=end.finish_reason,
                prompt_tokens=usage and usage.prompt_tokens,
                completion_tokens=usage and usage.completion_tokens,
            )
        )

    def bill(self) -> Bill:
        """All of it, as of now."""
        timing = Timing(first_delta_ms=self._first_delta_ms, first_bullet_ms=self._first_bullet_ms, total_ms=self._ms())
        return Bill(passes=tuple(self._passes), timing=timing)

    def _ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._admitted) * 1000)


def _has_bullet(events: Sequence[Event]) -> bool:
    return any(isinstance(event, Bullet) for event in events)
