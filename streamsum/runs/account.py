"""What a run notes for the ledger: when things came, and what each pass cost. The core has no clock of its own."""

import asyncio

from streamsum.core.passes import Bill, End, Pass, PassReport, Timing


class Account:
    """Open from a summary's admission until its bill is drawn up."""

    def __init__(self, *, admitted: float) -> None:
        """`admitted` is in `loop.time()` seconds."""
        self._admitted = admitted
        self._passes: list[PassReport] = []
        self.first_delta_ms: int | None = None
        self.first_bullet_ms: int | None = None

    def note_delta(self) -> None:
        """The first content has come."""
        self.first_delta_ms = self.ms()

    def note_bullet(self) -> None:
        """The first bullet has been stored."""
        self.first_bullet_ms = self.ms()

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

    def note_lost_pass(self, model: str) -> None:
        """A process that is gone has called: what that cost nobody knows."""
        self._passes.append(PassReport(kind="first", model=model))

    def bill(self) -> Bill:
        """All of it, as of now."""
        timing = Timing(first_delta_ms=self.first_delta_ms, first_bullet_ms=self.first_bullet_ms, total_ms=self.ms())
        return Bill(passes=tuple(self._passes), timing=timing)

    def ms(self) -> int:
        """Milliseconds since admission."""
        return round((asyncio.get_running_loop().time() - self._admitted) * 1000)
