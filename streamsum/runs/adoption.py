"""Taking over what other processes leave behind: gone on with, or ended."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from streamsum.core.models import SummaryRequest
from streamsum.core.sse import encode
from streamsum.errors import LogError, RequestRefused
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.admission import Admission
from streamsum.runs.heirs import fate, obituary, stand_in, unsealed
from streamsum.runs.log import Entry, EventLog, Orphan
from streamsum.runs.maker import Maker
from streamsum.runs.places import Places
from streamsum.runs.routing import candidates
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger
from streamsum.upstream.base import Upstream

# After a bug of ours; longer would keep the next one waiting.
_PAUSE_S = 1.0


class Adoption:
    """From `begin` to `stop`: where there is room, or an end is all that they need."""

    def __init__(
        self,
        *,
        admission: Admission,
        log: EventLog,
        maker: Maker,
        places: Places,
        sealer: Sealer | None,
        key_named: Callable[[str], Key | None],
        launch: Callable[[Run, int], None],
    ) -> None:
        """`launch` is given each summary that is taken over, and how many bytes its source has."""
        self._admission = admission
        self._log = log
        self._maker = maker
        self._places = places
        self._sealer = sealer
        self._key_named = key_named
        self._launch = launch
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on."""
        self._task = asyncio.create_task(self._adopt(), name="adopt")

    async def stop(self) -> None:
        """No more. What was taken over runs on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _adopt(self) -> None:
        """A bug here must not leave every later one to nobody."""
        while True:
            try:
                async for orphan in self._log.orphans(has_room=self._has_room):
                    await self._take(orphan)
            except Exception as error:  # noqa: BLE001 - its text stays here
                logger.error("a bug in taking over", error=whereabouts(error))
                await asyncio.sleep(_PAUSE_S)

    def _has_room(self) -> bool:
        """Without a secret nothing is gone on with here: to end it takes a moment."""
        return self._sealer is None or self._places.has_room

    async def _take(self, orphan: Orphan) -> None:
        try:
            self._inherit(orphan)
        except Exception as error:  # noqa: BLE001 - the next one may be sound
            logger.error("summary cannot be gone on with", summary=orphan.id, error=whereabouts(error))
            await self._bury(orphan)

    def _inherit(self, orphan: Orphan) -> None:
        request = unsealed(orphan, self._sealer)
        upstreams = self._who_can(request, self._key_named(orphan.key) or NO_KEY)
        end = fate(orphan, request if upstreams else None)
        request = request or stand_in(orphan.entries)
        tokens = 0 if end else self._admission.tokens(request, upstreams[0])
        run = self._maker.inherit(orphan, request, upstreams or self._admission.upstreams, tokens=tokens)
        if end is not None:
            run.stop(end)
        logger.info("summary taken over", summary=orphan.id, goes_on=end is None)
        size = len(request.text.encode())
        self._places.take_beyond(size)
        self._launch(run, size)

    def _who_can(self, request: SummaryRequest | None, key: Key) -> Sequence[Upstream]:
        """Go on with it; replicas may be set up differently."""
        if request is None or not candidates(self._admission.upstreams, request.model):
            return ()
        try:
            return self._admission.choose(request, key=key)
        except RequestRefused:
            return ()

    async def _bury(self, orphan: Orphan) -> None:
        """End what cannot be read here: a newer version may have written it. Handed back, it would be claimed again."""
        event = obituary(orphan)
        last = Entry(len(orphan.entries) + 1, event.type, encode(event), final=True)
        if tab := self._maker.inherited_tab(orphan, 0):
            await tab.open()
            await tab.settle(0)
        try:
            await orphan.lease.append([last], final=True)
        except LogError:
            with suppress(LogError):
                await orphan.lease.hand_over()
