"""From a request to its `Run`, with what all runs of a process share."""

import asyncio
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from streamsum.core.models import Item, SummaryRequest
from streamsum.keys_file import Key
from streamsum.runs.health import Health
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.tab import Tab
from streamsum.runs.log import Lease, Orphan
from streamsum.runs.relay import Relay
from streamsum.runs.run import Run
from streamsum.settings import Settings
from streamsum.telemetry.observing import Observer
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.telemetry import Telemetry
from streamsum.upstream.base import Upstream


class Maker:
    """Begins nothing: what it makes is for `Runs` to launch."""

    def __init__(
        self,
        *,
        settings: Settings,
        item_model: type[BaseModel] = Item,
        allowance: Allowance | None = None,
        key_named: Callable[[str], Key | None],
        telemetry: Telemetry,
    ) -> None:
        """See `Runs`."""
        self.health = Health(lambda: asyncio.get_running_loop().time(), on_rest=telemetry.note_rest)
        self._settings = settings
        self._item_model = item_model
        self._allowance = allowance
        self._key_named = key_named
        self._telemetry = telemetry

    def begin(
        self,
        request: SummaryRequest,
        *,
        id: str,
        key: Key,
        lease: Lease,
        upstreams: Sequence[Upstream],
        admitted: float,
        held_s: float,
        origin: Origin | None,
    ) -> Run:
        """One that has been let in. `admitted` is in `loop.time()` seconds; see `Run`."""
        observer = self._telemetry.observe(id, key=key.name, admitted=admitted, origin=origin)
        return self._make(
            *(request, id, key.name, lease, upstreams),
            admitted=admitted,
            total_s=self._settings.total_s,
            held_s=held_s,
            tab=self._tab(key, id),
            observer=observer,
        )

    def inherit(self, orphan: Orphan, request: SummaryRequest, upstreams: Sequence[Upstream], *, tokens: int) -> Run:
        """One that another process has begun, with the time that it was promised; `tokens`: what it may cost here."""
        admitted = asyncio.get_running_loop().time() - orphan.age_s
        observer = self._telemetry.observe(orphan.id, key=orphan.key, admitted=admitted, taken_over=True)
        return self._make(
            *(request, orphan.id, orphan.key, orphan.lease, upstreams),
            admitted=admitted,
            total_s=orphan.age_s + orphan.left_s,
            orphan=orphan,
            tab=self.inherited_tab(orphan, tokens),
            observer=observer,
        )

    def inherited_tab(self, orphan: Orphan, tokens: int) -> Tab | None:
        """A key that is gone from the file may have had limits."""
        key = self._key_named(orphan.key) or Key(name=orphan.key, streams=1)
        return self._tab(key, orphan.id, tokens=tokens, turn=orphan.tenure)

    def _tab(self, key: Key, id: str, *, tokens: int = 0, turn: int = 0) -> Tab | None:
        """Of a summary that this key was let in with, or which is taken over (`turn`); None: nothing is reserved."""
        if self._allowance is None or not key.reserves:
            return None
        return Tab(self._allowance, self._allowance.reservation(key, id, tokens, turn=turn))

    def _make(
        self,
        request: SummaryRequest,
        id: str,
        key: str,
        lease: Lease,
        upstreams: Sequence[Upstream],
        *,
        admitted: float,
        total_s: float,
        held_s: float = 0.0,
        orphan: Orphan | None = None,
        tab: Tab | None,
        observer: Observer,
    ) -> Run:
        settings = self._settings
        relay = Relay(
            upstreams,
            health=self.health,
            admitted=admitted,
            first_byte_s=settings.first_byte_s,
            stall_s=settings.stall_s,
        )
        try:
            return Run(
                request,
                id=id,
                key=key,
                relay=relay,
                lease=lease,
                admitted=admitted,
                total_s=total_s,
                item_model=self._item_model,
                reask=settings.reask,
                observer=observer,
                held_s=held_s,
                stored=orphan.entries if orphan else (),
                tab=tab,
            )
        except BaseException:
            observer.close()
            raise
