"""What every endpoint needs: the things that the app's lifespan holds open."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Scope

from streamsum.errors import SettingsError
from streamsum.runs.log import EventLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.upstream.base import Upstream
from streamsum.web.patience import Patience
from streamsum.web.tickets import Tickets

# The name of whoever calls: there are no keys yet, so everybody is nobody.
NO_KEY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One running service."""

    settings: Settings
    patience: Patience
    upstreams: Sequence[Upstream]  # in order of preference
    log: EventLog
    runs: Runs
    tickets: Tickets = field(default_factory=Tickets)

    @property
    def upstream(self) -> Upstream:
        """The default one."""
        return self.upstreams[0]

    @property
    def models(self) -> frozenset[str]:
        """What a request may name."""
        return frozenset(each.model for each in self.upstreams)


def service_of(scope: Scope) -> Service:
    """The service that answers this request. Raises SettingsError if nobody opened it."""
    service: Service | None = scope["app"].state.service
    if service is None:
        raise SettingsError("the app's lifespan has not run: whoever mounts it enters streamsum.lifespan(app)")
    return service
