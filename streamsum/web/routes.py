"""Which route a request is for, as far as it may be told: as it is declared, never its path or query."""

from starlette.types import Scope

# Asked every few seconds by machines, and of no summary.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def route_of(scope: Scope) -> str | None:
    """None: there is none for this path, or nobody has looked yet."""
    return getattr(scope.get("route"), "path", None)
