"""What every endpoint needs: the things that the app's lifespan holds open."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Scope

from streamsum.errors import SettingsError
from streamsum.keys_file import NO_KEY, Key
from streamsum.runs.limits.limiter import Limiter
from streamsum.runs.log import EventLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.telemetry.telemetry import Telemetry
from streamsum.upstream.base import Upstream
from streamsum.web.key_ring import KeyRing
from streamsum.web.patience import Patience
from streamsum.web.tickets import Tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One running service."""

    settings: Settings
    patience: Patience
    upstreams: Sequence[Upstream]  # in order of preference
    log: EventLog
    runs: Runs
    tickets: Tickets = field(default_factory=Tickets)
    keys: KeyRing = field(default_factory=KeyRing)
    limiter: Limiter | None = None  # None where there are no keys
    telemetry: Telemetry = field(default_factory=Telemetry)

    @property
    def upstream(self) -> Upstream:
        """The default one."""
        return self.upstreams[0]

    def models(self, key: Key) -> frozenset[str]:
        """What a request of this key may name."""
        return frozenset(each.model for each in self.upstreams if key.may_use(each.model))

    def ticket_holder(self, id: str, ticket: str) -> str | None:
        """The name of the key whose summary this ticket opens; None: it opens nothing (any more).

        Without keys the id is all that it takes: another replica's ticket, which cannot be opened here, is not needed.
        """
        name = self.tickets.key_of(id, ticket, digests_of=self._digests_of)
        return NO_KEY.name if name is None and not self.settings.keys else name

    def _digests_of(self, name: str) -> Sequence[bytes]:
        """Of the keys that open for this name now."""
        key = self.keys.named(name)
        return () if key is None else key.digests or (b"",)


def telemetry_of(scope: Scope) -> Telemetry:
    """What records this request; without an open service, nothing but the log."""
    app = scope.get("app")
    service: Service | None = None if app is None else getattr(app.state, "service", None)
    return Telemetry() if service is None else service.telemetry


def service_of(scope: Scope) -> Service:
    """The service that answers this request. Raises SettingsError if nobody opened it."""
    service: Service | None = scope["app"].state.service
    if service is None:
        raise SettingsError("the app's lifespan has not run: whoever mounts it enters streamsum.lifespan(app)")
    return service
