"""The record of one call: what was asked, what was sent and when, and how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

# `finished`: the script was played to its end. `hung_up`: the client left before that.
# `cut`: the script (`Reset`, `Close`) or the end of the fake upstream broke it off.
Ending: TypeAlias = Literal["finished", "hung_up", "cut"]


@dataclass(slots=True, eq=False)
class Call:
    """One `POST /v1/chat/completions`; all times are the event loop's `time()`, in seconds.

    `number` counts calls from 1, `connection` counts connections from 1; header names are in lower case.
    `sent` is each content delta with the time at which its last byte was handed to the socket; `elements_at`, kept for
    a journal, those times for the closing character of each element of the document's array.
    """

    number: int
    connection: int
    path: str
    # Out of the `repr`, which ends up in the reports of failing tests: keys, whole sources.
    headers: dict[str, str] = field(repr=False)
    raw_body: bytes = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    arrived_at: float
    content_sent: int = 0
    sent: list[tuple[float, str]] = field(default_factory=list, repr=False)
    elements_at: list[float] = field(default_factory=list, repr=False)
    ending: Ending | None = None
    closed_at: float | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def closed(self, *, within: float = 5.0) -> Ending:
        """Wait until the call is over, and say how it ended; `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within):
            await self._over.wait()
        assert self.ending is not None
        return self.ending

    def close(self, ending: Ending, at: float) -> None:
        """Note how and when the call ended."""
        self.ending = ending
        self.closed_at = at
        self._over.set()
