"""uvicorn, as we run it."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from streamsum.web.connections import Connection

# A request's head: a query of 8 KiB, and the headers that browsers and proxies send with it.
MAX_HEAD_BYTES = 16 * 1024


class Server(uvicorn.Server):
    """uvicorn, without its own mind about signals."""

    def __init__(self, app: ASGIApp, *, connection: type[Connection] = Connection) -> None:
        """The app's lifespan is whoever's runs the server."""
        config = uvicorn.Config(
            app,
            http=connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # its lines hold queries, and they hold texts
            server_header=False,
            proxy_headers=False,  # the address that counts is the socket's
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        )
        super().__init__(config)

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are not its business."""
        yield

    def abort_connections(self) -> None:
        """Cut whoever is still connected."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
