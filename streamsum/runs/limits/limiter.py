"""The seam to where the limits are kept.

A minute is a moving window, a day begins at 00:00 UTC. What a summary may cost is reserved before it begins and settled
when it has ended; a reservation that nobody settles runs out, and is charged as it stands: its process died while a
model was writing, and nobody knows better.

One reservation may see several processes, one after the other. Each has its turn, with a number, as its right to write
has: who takes over goes on with the same place, and who comes after its turn is not heard any more.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from streamsum.errors import RequestRefused

Policy = Literal["requests", "streams", "tokens"]

MINUTE_S = 60
DAY_S = 86_400

# Until one of several summaries has ended, if nobody knows when.
RETRY_SOON_S = 5

_CODES: dict[Policy, str] = {"requests": "rate_limited", "streams": "too_many_streams", "tokens": "budget_exhausted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One limit of a key, and what is left of it for the next `reset_s` seconds."""

    policy: Policy
    quota: int
    left: int
    reset_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a key wants for one summary, and what it may have; None: there is no limit. `turn`: of who will spend it."""

    key: str
    id: str
    tokens: int
    for_s: float
    streams: int | None = None
    tokens_per_day: int | None = None
    turn: int = 0


class OverLimit(RequestRefused):
    """More than its key may."""

    def __init__(self, standing: Standing, **more: Any) -> None:
        """`standing`: of the limit that it would break."""
        super().__init__(_CODES[standing.policy], retry_after=standing.reset_s, **more)
        self.standing = standing


class Limiter(Protocol):
    """All keys' limits. Every method raises LimiterDown."""

    async def hit(self, key: str, per_minute: int) -> tuple[bool, Standing]:
        """Count one more request, if it may be, and say whether it was."""
        ...

    async def reserve(self, wanted: Reservation) -> Standing | None:
        """Reserve, and return None; or the limit that it would break, of which nothing changes.

        Twice is once, and after its own `settle` it is nothing: who wanted it is gone.
        """
        ...

    async def inherit(self, wanted: Reservation) -> None:
        """Go on in `wanted.turn` with what is reserved; with this if nothing is, whatever the limits: it was let in.

        What a turn before has not said of its cost is charged as reserved. Twice is once.
        """
        ...

    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        """The summary has cost this in this turn, and has ended. What is not reserved (any more) is left alone.

        `goes_on`: it has not ended; its place is kept for whoever inherits it.
        """
        ...
