"""Talk to a running server: `Client` for scripts, `AsyncClient` for asyncio and trio.

Nothing of the service is loaded: httpx2, the types of the events, and no more.
"""

from streamsum.client.asynchronous import AsyncClient, AsyncEvents
from streamsum.client.errors import (
    ClientError,
    Conflict,
    Expired,
    Forbidden,
    InvalidRequest,
    LimitReached,
    ModelFailed,
    NotFound,
    NotStreamsum,
    Refused,
    ServerFailed,
    StreamCut,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from streamsum.client.persistence import Persistence
from streamsum.client.synchronous import Client, Events

__all__ = [
    "AsyncClient",
    "AsyncEvents",
    "Client",
    "ClientError",
    "Conflict",
    "Events",
    "Expired",
    "Forbidden",
    "InvalidRequest",
    "LimitReached",
    "ModelFailed",
    "NotFound",
    "NotStreamsum",
    "Persistence",
    "Refused",
    "ServerFailed",
    "StreamCut",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
]
