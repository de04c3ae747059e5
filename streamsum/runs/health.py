"""Which upstreams rest: who failed time and again is not asked for a while, so that nobody waits for it in vain."""

from collections.abc import Callable

from streamsum.core.passes import Cause

# In a row, over all summaries: less may be one bad source, or a moment's trouble.
FAILURES = 5
REST_S = 30.0

_FAILED = {Cause.CUT, Cause.ERROR, Cause.OVERLOADED, Cause.REJECTED, Cause.TIMEOUT}
# What says nothing of an upstream: we left, or it never got to anything.
_NO_SIGN = {Cause.CANCELLED, Cause.DRAINING, Cause.TOO_LONG}


class Health:
    """That of all upstreams of one process, by name; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], *, on_rest: Callable[[str], None] = lambda _name: None) -> None:
        """`on_rest` is told the name of whoever is sent to rest."""
        self._clock = clock
        self._on_rest = on_rest
        self._failures: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}

    def resting(self) -> set[str]:
        """Those that are not to be asked now."""
        now = self._clock()
        return {name for name, until in self._rests_until.items() if now < until}

    def note_call(self, name: str) -> None:
        """It is asked. After a rest one call finds out for all: the others go elsewhere until it has."""
        if name in self._rests_until:
            self._rests_until[name] = self._clock() + REST_S

    def note_end(self, name: str, cause: Cause) -> None:
        """A call of it ended so."""
        if cause in _NO_SIGN:
            return
        if cause not in _FAILED:
            self._failures.pop(name, None)
            self._rests_until.pop(name, None)
            return
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        if failures >= FAILURES:
            self._rests_until[name] = self._clock() + REST_S
            self._on_rest(name)
