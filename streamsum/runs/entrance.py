"""Who is let in: what a key may have, what the process has room for, and what has begun already and is joined."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress

from streamsum.core.models import SummaryRequest
from streamsum.errors import LogDown, LogError, RequestRefused
from streamsum.keys_file import Key
from streamsum.runs.admission import Admission
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.log import EventLog, Idempotency, Joined, Lease, NewSummary
from streamsum.runs.maker import Maker
from streamsum.runs.places import Places
from streamsum.runs.run import Run
from streamsum.runs.sealing import Sealer
from streamsum.telemetry.origin import Origin
from streamsum.upstream.base import Upstream

# Seconds after which it is worth trying again: another replica may answer at once.
RETRY_ELSEWHERE_S = 1


class Entrance:
    """Open until it is `closed`; to join what runs costs nothing, and is never refused."""

    def __init__(
        self,
        *,
        admission: Admission,
        log: EventLog,
        maker: Maker,
        places: Places,
        allowance: Allowance | None,
        sealer: Sealer | None,
        total_s: float,
        launch: Callable[[Run, int], None],
    ) -> None:
        """`launch` is given each new summary, and how many bytes its source has. `total_s`: how long each may run."""
        self.closed = False
        self._admission = admission
        self._log = log
        self._maker = maker
        self._places = places
        self._allowance = allowance
        self._sealer = sealer
        self._total_s = total_s
        self._launch = launch

    async def start_or_join(
        self,
        request: SummaryRequest,
        *,
        key: Key,
        idempotency: Idempotency | None,
        held_s: float,
        origin: Origin | None,
    ) -> Run | Joined:
        """See `Runs.start_or_join`."""
        upstreams = self._admission.choose(request, key=key)
        # 128 random bits: without keys the id is all that it takes to read the summary.
        id, size = secrets.token_urlsafe(16), len(request.text.encode())
        try:
            async with self._let_in(key, id, request, upstreams[0], size) as entry:
                admitted = asyncio.get_running_loop().time()
                lease = await self._create(self._announcement(id, request, key.name, idempotency))
                if isinstance(lease, Joined):
                    return lease
                async with _handed_back(lease):
                    run = self._maker.begin(
                        request,
                        id=id,
                        key=key,
                        lease=lease,
                        upstreams=upstreams,
                        admitted=admitted,
                        held_s=held_s,
                        origin=origin,
                    )
                entry.pop_all()
        except RequestRefused:
            # Its own may be there, of which the log could not tell in time: nobody would ever write that.
            if idempotency and (joined := await self._found(key, idempotency)) and joined.id != id:
                return joined
            raise
        self._launch(run, size)
        return run

    @asynccontextmanager
    async def _let_in(
        self, key: Key, id: str, request: SummaryRequest, upstream: Upstream, size: int
    ) -> AsyncIterator[ExitStack]:
        """What its key may have, then what this process has: so a key over its limits keeps nobody out.

        At the end of the block all is given back that was not taken out of the stack. Raises RequestRefused, OverLimit.
        """
        self._refuse_if_closed()
        with ExitStack() as entry:
            if self._allowance is not None and key.reserves:
                await self._allowance.reserve(key, id, self._admission.tokens(request, upstream))
                entry.callback(self._allowance.release, key.name, id)
                self._refuse_if_closed()  # meanwhile, perhaps; then nobody waits for who has no place yet
            self._places.take(size)
            entry.callback(self._places.give_back, size)
            yield entry

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise RequestRefused("draining", retry_after=RETRY_ELSEWHERE_S)

    async def _found(self, key: Key, idempotency: Idempotency) -> Joined | None:
        """What would have been joined. Raises IdempotencyConflict."""
        with suppress(LogDown):
            return await self._log.find(key.name, idempotency)
        return None

    def _announcement(self, id: str, request: SummaryRequest, key: str, idempotency: Idempotency | None) -> NewSummary:
        return NewSummary(
            id,
            key,
            request.on_disconnect,
            total_s=self._total_s,
            idempotency=idempotency,
            sealed=None if self._sealer is None else self._sealer.seal(request, id=id, key=key),
        )

    async def _create(self, new: NewSummary) -> Lease | Joined:
        try:
            return await self._log.create(new)
        except LogDown:
            raise RequestRefused("log_unavailable", retry_after=RETRY_ELSEWHERE_S) from None


@asynccontextmanager
async def _handed_back(lease: Lease) -> AsyncIterator[None]:
    """Should the block fail, nobody would write it."""
    try:
        yield
    except BaseException:
        with suppress(LogError):
            await lease.hand_over()
        raise
