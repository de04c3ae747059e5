"""How fast and in what pieces a script goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a script's bytes get to the client; the events themselves are always the same.

    `pace`: tokens a second, 0 for full speed; only content, reasoning and refusal deltas count.
    `first_token_delay`: seconds to wait before a call's first token.
    `coalesce`: events a write, while no step waits and the script goes on.
    `cut`: bytes a write, whatever the events' boundaries, 0 for whole events; of several sizes each is used in turn,
    and from the start again: `cut=(k, 2**30)` cuts once, after byte k.
    """

    pace: float = 0.0
    first_token_delay: float = 0.0
    coalesce: int = 1
    cut: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        if self.pace < 0 or self.first_token_delay < 0 or self.coalesce < 1:
            raise ValueError("pace and first_token_delay must not be negative, coalesce must be at least 1")
        if self.cut != 0 and (not self.cuts or min(self.cuts) < 1):
            raise ValueError("a cut must be at least 1 byte")

    @property
    def cuts(self) -> tuple[int, ...]:
        """The sizes in bytes to be used in turn; none for whole events."""
        if isinstance(self.cut, int):
            return (self.cut,) if self.cut else ()
        return tuple(self.cut)
