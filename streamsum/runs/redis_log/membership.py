"""This process among the others: its name, and its lease, which is the fence of all that it writes.

A lease that ran out is never renewed. Whoever slept through its end begins another life, with a new epoch, and owns
nothing of what it owned before.
"""

import secrets
from collections.abc import Mapping

from streamsum.errors import LogDown
from streamsum.runs.redis_log.store import Store
from streamsum.runs.redis_log.times import Times


class Membership:
    """One a process."""

    def __init__(self, store: Store, times: Times) -> None:
        self.node = secrets.token_hex(8)
        self._store = store
        self._lease_ms = round(times.lease_s * 1000)
        self._epoch = 0
        self._owner: str | None = None

    @property
    def channels(self) -> tuple[str, str]:
        """Where others tell it, and all, something."""
        return f"streamsum:node:{self.node}", "streamsum:orphans"

    @property
    def owner(self) -> str:
        """It, in its present life. Raises LogDown if that has not begun."""
        if self._owner is None:
            raise LogDown
        return self._owner

    @property
    def lapsed(self) -> bool:
        """There is no life now: begin one."""
        return self._owner is None

    async def renew(self) -> Mapping[str, str] | None:
        """What it owns, as the server knows it, each with its tenure; None: its lease has run out. Raises LogDown."""
        owner = self.owner
        owned = await self._store.run("renew", self.node, self._epoch, self._lease_ms)
        if owned is None:
            self.lapse(owner)
            return None
        words = [each.decode() for each in owned]
        return dict(zip(words[::2], words[1::2], strict=True))

    async def probe(self) -> None:
        """Return if it lives, and the server takes writes: full, it renews but stores nothing. Raises LogDown."""
        owner = self.owner
        if not await self._store.run("probe", self.node, self._epoch, self._lease_ms):
            self.lapse(owner)
            raise LogDown

    def lapse(self, owner: str) -> None:
        """That life is over, as somebody has found."""
        if self._owner == owner:
            self._owner = None

    async def begin(self) -> None:
        """Another life. Raises LogDown."""
        self._epoch += 1
        await self._store.run("enlist", self.node, self._epoch, self._lease_ms)
        self._owner = f"{self.node}:{self._epoch}"

    async def retire(self) -> None:
        """The lease is given up: what is still owned is an orphan at once. Raises LogDown."""
        if self._owner is not None:
            self._owner = None
            await self._store.run("retire", self.node, self._epoch)
