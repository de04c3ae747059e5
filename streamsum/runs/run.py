"""One running summary, from its first event to its last: whoever asked for it may come and go.

Each way out appends exactly one final event, unless the right to write is lost (`LogError`): then none.
"""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import BaseModel

from streamsum.core.events import ANY_EVENT, SummaryCreated, SummaryFailed
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause
from streamsum.core.summary import Summary
from streamsum.errors import Fenced, HandedOver, LogError, Problem
from streamsum.runs.account import Account
from streamsum.runs.calls import Calls
from streamsum.runs.interruption import Interruption
from streamsum.runs.journal import Journal
from streamsum.runs.limits.tab import Tab
from streamsum.runs.log import Entry, Happening, Lease
from streamsum.runs.meter import Meter
from streamsum.runs.previews import Previews
from streamsum.runs.relay import Relay
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger
from streamsum.telemetry.observing import Observer

# Larger sources are indexed on a thread: beyond this it would hold everyone else up for more than a few milliseconds.
PREPARE_ASIDE_CHARS = 20_000


class Run:
    """One task a summary, owned by `Runs`, never by a request."""

    def __init__(
        self,
        request: SummaryRequest,
        *,
        id: str,
        key: str = "",
        relay: Relay,
        lease: Lease,
        admitted: float,
        total_s: float,
        item_model: type[BaseModel] = Item,
        reask: int = 1,
        held_s: float = 0.0,
        stored: Sequence[Entry] = (),
        tab: Tab | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`key`: the name of whose it is. `admitted` is in `loop.time()` seconds; the whole has `total_s` from then.

        `relay` knows whom to call; `reask`: how many times what was withheld is asked for again. `held_s`: how long
        its caller waits for a status, `math.inf`: for the whole. `stored`: what a process that is gone has written of
        it. `tab` is settled before the end is said: who then begins the next summary finds this one's place free.
        `observer` is told what happens.
        """
        self.id = id
        self.key = key
        self.meter = Meter()
        self._tab = tab
        # The first content (None), or why there is none. Wait for it with `asyncio.wait`: who awaits it directly and
        # is cancelled cancels it for all.
        self.started: asyncio.Future[Problem | None] = asyncio.get_running_loop().create_future()
        self._max_bullets = request.max_bullets
        self._model = relay.first.model
        # Off the loop where it takes long; else when the first element has closed.
        self._prepares = request.evidence != "off" and len(request.text) > PREPARE_ASIDE_CHARS
        self._lease = lease
        self._observer = observer or Observer()
        self._account = Account(admitted=admitted)
        self._interruption = Interruption()
        self._journal = Journal(lease, n=len(stored), account=self._account, observer=self._observer)
        events = [ANY_EVENT.validate_json(entry.data) for entry in stored]
        if events:
            self._account.take_over(events, model=self._model)
        self._summary = Summary.replay(request, events, item_model=item_model, reask=reask)
        self._calls = Calls(
            self._summary,
            relay=relay,
            journal=self._journal,
            previews=Previews(self._summary, lease) if request.preview else None,
            interruption=self._interruption,
            account=self._account,
            observer=self._observer,
            meter=self.meter,
            deadline=admitted + total_s,
            started=self.started,
        )
        self._held_until = admitted + held_s
        self._has_ended = False  # the final event is stored

    def stop(self, cause: Cause) -> None:
        """End the summary within a moment, its upstream hung up; the first cause is the one."""
        self._interruption.stop(cause)

    def wind_up(self) -> None:
        """The process is going away: what runs goes on, but nothing more is begun."""
        self._calls.wind_up()

    def leave(self) -> None:
        """The process goes: another goes on, if any can and the caller knows of the summary; else it ends.

        So does what has its last bullet: who went on with it would pay a model to say the same again.
        """
        if self._is_held or not self._lease.can_hand_over or self._summary.wants != "more":
            self.stop(Cause.DRAINING)
        elif not self._interruption.has_come:
            self._interruption.lose(HandedOver())

    @property
    def _is_held(self) -> bool:
        """Does its caller still wait for the status, or for all of it, and know nothing of the summary?"""
        waits_for_status = not self.started.done() and asyncio.get_running_loop().time() < self._held_until
        return waits_for_status or self._held_until == math.inf

    async def run(self) -> None:
        """Live from the first event to the last. Raises its own cancellation, and what kept the last one back."""
        watcher = asyncio.create_task(self._watch(), name=f"watch {self.id}")
        goes_on = False
        try:
            await self._live()
        except HandedOver:
            goes_on = True
            self._say_started(None)
            self._observer.note_handed_over()
            logger.info("summary handed over", summary=self.id)
        except LogError as error:
            self._say_started(None if isinstance(error, Fenced) else Problem.of("log_unavailable"))
            logger.warning("summary has lost its log", summary=self.id, error=type(error).__name__)
        finally:
            self._say_started(Problem.of("internal_error"))  # nobody waits for ever, whatever has happened
            watcher.cancel()
            await asyncio.wait([watcher])
            self._observer.close()
            if not self._has_ended:
                await self._leave_behind(goes_on=goes_on)

    async def _leave_behind(self, *, goes_on: bool) -> None:
        """What it has cost here is known, and said before anybody else can take it over."""
        if self._tab is not None:
            await (self._tab.hand_on if goes_on else self._tab.settle)(self.meter.tokens)
        with suppress(LogError):
            await self._lease.hand_over()

    async def _live(self) -> None:
        try:
            if self._tab is not None:
                await self._tab.open()
            if not self._journal.n:
                await self._journal.write(self._created())
            await self._calls.make(prepares=self._prepares)
            if self._interruption.lost is not None:
                raise self._interruption.lost
        except LogError:
            raise
        except asyncio.CancelledError:
            # Only the end of the process, or of its loop, cancels the task itself.
            self.stop(Cause.DRAINING)
            with suppress(LogError):
                await self._close()
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours must not keep listeners waiting for ever
            self._stop_for_bug(error)
        await self._close()

    async def _watch(self) -> None:
        """Hear what the log has to say while the run is busy."""
        try:
            if await self._lease.happening() is Happening.FENCED:
                raise Fenced
        except LogError as error:
            self._interruption.lose(error)
        except Exception as error:  # noqa: BLE001 - a run that is deaf must not go on
            self._stop_for_bug(error)
        else:
            self.stop(Cause.CANCELLED)

    def _stop_for_bug(self, error: Exception) -> None:
        logger.error("a bug", summary=self.id, error=whereabouts(error))
        self.stop(Cause.ERROR)

    def _created(self) -> SummaryCreated:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return SummaryCreated(
            id=self.id,
            model=self._model,
            max_bullets=self._max_bullets,
            created_at=now.replace("+00:00", "Z"),
        )

    async def _close(self) -> None:
        terminal = self._summary.close(self._interruption.stopped, self._account.bill())
        if self._tab is not None:
            await self._tab.settle(self.meter.tokens)
        await self._journal.write(terminal, final=True)
        self._has_ended = True
        self._say_started(terminal.problem if isinstance(terminal, SummaryFailed) else None)
        self._observer.note_end(terminal)

    def _say_started(self, problem: Problem | None) -> None:
        if not self.started.done():
            self.started.set_result(problem)
