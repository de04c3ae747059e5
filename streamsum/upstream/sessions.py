"""aiohttp's sessions: one that keeps its connections from call to call, and one that keeps none."""

import ssl
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp

from streamsum.upstream.connector import Connector

# Our own clocks (`clocks.py`) know what a call is waiting for; aiohttp's do not.
_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


@dataclass(slots=True)
class Connection:
    """What a request went over, told by its `trace_request_ctx`: one `kept` from an earlier request, or a new one."""

    kept: bool = False


class Sessions:
    """Opened by the first call: a session belongs to the loop that it was opened in."""

    def __init__(self, *, limit: int, trust: ssl.SSLContext | None) -> None:
        """At most `limit` connections each. `trust`: the certificates to trust, None for the system's."""
        self._limit = limit
        self._trust = trust
        self._keeping: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    @property
    def keeping(self) -> aiohttp.ClientSession:
        """For every call; a connection that has been used may be used again."""
        self._keeping = self._keeping or self._open(keeps=True)
        return self._keeping

    @property
    def fresh(self) -> aiohttp.ClientSession:
        """For what is sent again: over a connection that nobody has used."""
        self._fresh = self._fresh or self._open(keeps=False)
        return self._fresh

    async def aclose(self) -> None:
        """Close all connections."""
        for session in filter(None, (self._keeping, self._fresh)):
            await session.close()

    def _open(self, *, keeps: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=Connector(limit=self._limit, ssl=self._trust or True, force_close=not keeps),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_TIMEOUTS,
            trace_configs=[_watch_kept_connections()],
            auto_decompress=False,
            trust_env=False,
        )


def _watch_kept_connections() -> aiohttp.TraceConfig:
    async def tell(
        _session: aiohttp.ClientSession, trace: SimpleNamespace, _params: aiohttp.TraceConnectionReuseconnParams
    ) -> None:
        trace.trace_request_ctx.kept = True

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(tell)
    return config
