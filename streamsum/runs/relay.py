"""From one upstream to the next: what one summary has tried, and how long it may look for another."""

import asyncio
from collections.abc import Sequence

from streamsum.core.passes import Cause, End, PassKind
from streamsum.runs.health import Health
from streamsum.runs.routing import Next, Tried, choose, choose_first
from streamsum.upstream.base import Upstream


class Relay:
    """Of one summary. Times in seconds, `admitted` in `loop.time()`."""

    def __init__(
        self, upstreams: Sequence[Upstream], *, health: Health, admitted: float, first_byte_s: float, stall_s: float
    ) -> None:
        """`upstreams` in order of preference, one at least.

        Another is looked for as long as a status may still be told (`first_byte_s`), and then as long as a model may be
        silent (`stall_s`), counted from the last that was heard, or waited for.
        """
        self._upstreams = upstreams
        self._health = health
        self._held_until = admitted + first_byte_s
        self._heard = admitted
        self._stall_s = stall_s
        self._answered = False  # the call of now
        self._tried: list[Tried] = []

    @property
    def first(self) -> Upstream:
        """Whom the first pass goes to, as things are now."""
        return choose_first(self._upstreams, resting=self._health.resting())

    def next(self, kind: PassKind) -> Next | None:
        """Whom to ask now, and after what pause; None: there is nobody left, or no time."""
        if not self._tried:
            return Next(self.first)
        now = _now()
        until = self._held_until if now < self._held_until else self._heard + self._stall_s
        resting = self._health.resting()
        return choose(kind, self._tried, self._upstreams, resting=resting, patience_s=until - now)

    def note_call(self, upstream: Upstream) -> None:
        """It is called."""
        self._answered = False
        self._health.note_call(upstream.name)

    def note_answer(self) -> None:
        """The call has its 2xx."""
        self._answered = True

    def note_end(self, upstream: Upstream, end: End, *, begun: bool, health: Cause) -> None:
        """The call is over; `begun`: it brought content; `health`: what it says of the upstream."""
        self._tried.append(Tried(upstream, end, begun))
        if self._answered or end.cause is Cause.TIMEOUT:
            self._heard = _now()
        # One caller's requests must not send an upstream to rest for all others.
        if not end.of_request:
            self._health.note_end(upstream.name, health)


def _now() -> float:
    return asyncio.get_running_loop().time()
