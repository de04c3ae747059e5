"""`streamsum serve`: one process, one port, and an orderly end.

uvicorn answers a signal by waiting for streams that it has told nothing, or by cutting them. So the signals are ours:
first the summaries come to their end while the port stays open (health, resumes, their last frames), then the server
goes.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.types import ASGIApp

from streamsum import open_files
from streamsum.telemetry.logs import logger
from streamsum.web.app import lifespan
from streamsum.web.figures import figures_app
from streamsum.web.server import Server
from streamsum.web.service import Service

# Somebody at a keyboard waits for the prompt.
CTRL_C_DRAIN_S = 1.0

# Sources are indexed on threads; asyncio's own loop looks names up on them as well. An index takes up to 25 times its
# source while it is made, and by default there are as many threads as a node has cores, and four.
THREADS = 4

# For last frames to leave: what is still blocked after that is not being read.
LAST_WORDS_S = 2.0

_Signals: TypeAlias = "asyncio.Queue[signal.Signals]"


async def serve(app: Starlette, listener: socket.socket, *, metrics: socket.socket | None = None) -> None:
    """Serve until SIGTERM or SIGINT, let the summaries end within the settings' time, return. Raises SettingsError.

    `metrics` is a listener for `/metrics` alone: there until the last summary has ended.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with _signals() as signals, lifespan(app):
        service: Service = app.state.service
        open_files.allow_streams(service.settings.max_streams)
        _say_hello(service, listener, metrics)
        async with _figures(service, metrics), _serving(app, listener) as serving:
            if first := await _first_of(signals, serving):
                await _drain(service, first, signals)
            service.log.let_go()
    logger.info("stopped")


@asynccontextmanager
async def _serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator["asyncio.Task[None]"]:
    """A server, and its end: at once, but for last words."""
    server = Server(app)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield serving
    finally:
        server.should_exit = True
        await asyncio.wait([serving], timeout=LAST_WORDS_S)
        server.abort_connections()
        await serving


@asynccontextmanager
async def _figures(service: Service, listener: socket.socket | None) -> AsyncIterator[None]:
    metrics = service.telemetry.metrics
    if listener is None or metrics is None:
        yield
        return
    async with _serving(figures_app(metrics), listener):
        yield


@asynccontextmanager
async def _signals() -> AsyncIterator[_Signals]:
    """SIGINT and SIGTERM, in the order in which they come."""
    loop = asyncio.get_running_loop()
    signals: _Signals = asyncio.Queue()
    handled = (signal.SIGINT, signal.SIGTERM)
    for each in handled:
        loop.add_signal_handler(each, signals.put_nowait, each)
    try:
        yield signals
    finally:
        for each in handled:
            loop.remove_signal_handler(each)


async def _first_of(signals: _Signals, serving: "asyncio.Task[None]") -> signal.Signals | None:
    """The first signal; None: the server has gone by itself."""
    asking = asyncio.create_task(signals.get())
    await asyncio.wait([asking, serving], return_when=asyncio.FIRST_COMPLETED)
    if asking.done():
        return asking.result()
    asking.cancel()
    return None


async def _drain(service: Service, first: signal.Signals, signals: _Signals) -> None:
    """Let the running summaries end; a second signal ends them."""
    drain_s = service.settings.drain_s
    within = min(drain_s, CTRL_C_DRAIN_S) if first is signal.SIGINT else drain_s
    logger.info("stopping", signal=first.name, within_s=within, running=len(service.runs))
    draining = asyncio.create_task(service.runs.drain(within))
    second = asyncio.create_task(signals.get())
    await asyncio.wait([draining, second], return_when=asyncio.FIRST_COMPLETED)
    second.cancel()
    await service.runs.drain(0)
    await draining


def _say_hello(service: Service, listener: socket.socket, metrics: socket.socket | None) -> None:
    logger.info("serving", upstream=service.upstream.name, model=service.upstream.model)
    if service.settings.keys:
        logger.info("keys", keys=len(service.settings.keys))
    if metrics is not None:
        logger.info("metrics", url=f"{_url(metrics)}/metrics")
    logger.info("listening", url=_url(listener))


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
