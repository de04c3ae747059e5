"""What ends a summary from outside: it is stopped, or its log is lost. Whatever is waited for then is given up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from streamsum.core.passes import Cause
from streamsum.errors import LogError


class Interruption:
    """That of one summary, come or not."""

    def __init__(self) -> None:
        self.stopped: Cause | None = None
        self.lost: LogError | None = None  # why nothing can be written any more
        self._scope: asyncio.Timeout | None = None  # around what is waited for now

    @property
    def has_come(self) -> bool:
        """Is there nothing more to be asked for?"""
        return self.stopped is not None or self.lost is not None

    def stop(self, cause: Cause) -> None:
        """The first cause is the one."""
        if self.stopped is None:
            self.stopped = cause
            self.ring()

    def lose(self, error: LogError) -> None:
        """Nothing can be written any more."""
        self.lost = error
        self.ring()

    def ring(self) -> None:
        """Give up what is waited for, if anything is."""
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    @contextmanager
    def rings(self, scope: asyncio.Timeout) -> Iterator[None]:
        """Around a wait within `scope`, a time-out that has been entered: it expires at once when this comes."""
        self._scope = scope
        try:
            yield
        finally:
            self._scope = None
