"""The open bullet, shown while it grows: a lane beside the log, at most ten times a second."""

import asyncio

from streamsum.core.events import BulletDelta
from streamsum.core.sse import encode
from streamsum.core.summary import Summary
from streamsum.runs.log import Lease

# The contract's ten a second: as often as an eye follows. To look at all costs a parse of the open element.
INTERVAL_S = 0.1


class Previews:
    """Those of one summary."""

    def __init__(self, summary: Summary, lease: Lease) -> None:
        """What `summary` has open is shown to whoever listens now."""
        self._summary = summary
        self._lease = lease
        self._next = 0.0
        self._shown: BulletDelta | None = None

    def look(self) -> None:
        """Show what is open, if it is time and there is something new."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + INTERVAL_S
        if (text := self._summary.preview()) is None:
            return
        delta = BulletDelta(index=self._summary.bullets, text=text)
        if delta != self._shown:
            self._lease.preview(encode(delta))
            self._shown = delta
