"""The ASGI app: wires everything, and owns what its lifespan opens."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from streamsum.item_model import load
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.limiter import Limiter
from streamsum.runs.limits.opening import opened_limiter
from streamsum.runs.log import EventLog
from streamsum.runs.opening import opened_log, sealer_of
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.telemetry.exporting import tracing_of
from streamsum.telemetry.loop_lag import LoopLag
from streamsum.telemetry.metrics import Metrics
from streamsum.telemetry.telemetry import Telemetry
from streamsum.telemetry.tracing import Tracing
from streamsum.upstream.given import Given, opened
from streamsum.web.auth import Auth
from streamsum.web.cors import Cors
from streamsum.web.departure import let_go
from streamsum.web.doors import Doors
from streamsum.web.endpoints import ROUTES
from streamsum.web.envelope import Envelope
from streamsum.web.key_ring import KeyRing
from streamsum.web.limits import Limits
from streamsum.web.patience import Patience
from streamsum.web.problems import HANDLERS, Guard
from streamsum.web.recording import Recording
from streamsum.web.service import Service
from streamsum.web.tickets import Tickets


@dataclass(frozen=True, slots=True)
class _Plan:
    """What `create_app` was given, until the lifespan opens it."""

    settings: Settings
    upstream: Given | None
    log: EventLog | None
    limiter: Limiter | None
    item_model: type[BaseModel]
    patience: Patience
    tracing: Tracing | None


def create_app(
    settings: Settings | None = None,
    *,
    upstream: Given | None = None,
    log: EventLog | None = None,
    limiter: Limiter | None = None,
    item_model: type[BaseModel] | None = None,
    patience: Patience | None = None,
    tracing: Tracing | None = None,
) -> Starlette:
    """The service as an ASGI app. Without `settings` it reads the environment; raises SettingsError.

    `item_model` is what each element must be: a Pydantic model with a `text: str` and anything more.

    What is given by argument is not closed by the app. A server runs the app's lifespan; whoever mounts it in another
    app enters `lifespan(app)`.
    """
    if settings is None:
        settings = Settings.read(os.environ)
    patience = patience or Patience()
    app = Starlette(
        routes=ROUTES,
        middleware=_middleware(settings, patience),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a path is ours or it is not
    item_model = item_model or load(settings.item_model)
    app.state.plan = _Plan(settings, upstream, log, limiter, item_model, patience, tracing)
    app.state.service = None
    return app


def _middleware(settings: Settings, patience: Patience) -> list[Middleware]:
    """From the outside in: what every answer carries, then who may come in, and how often."""
    proxies, origins = settings.trusted_proxies, settings.cors_origins
    return [
        *([Middleware(ProxyHeadersMiddleware, trusted_hosts=list(proxies))] if proxies else []),
        Middleware(Envelope),
        Middleware(Recording),
        *([Middleware(Cors, origins=origins)] if origins else []),
        Middleware(Guard, blocked_s=patience.blocked_s),
        Middleware(Doors, local_only=not settings.keys and not settings.no_keys, hosts=settings.trusted_hosts),
        Middleware(Auth),
        Middleware(Limits),
    ]


@asynccontextmanager
async def _telemetry_of(plan: _Plan) -> AsyncIterator[Telemetry]:
    metrics = Metrics()
    lag = LoopLag(metrics.loop_lag.observe)
    tracing = plan.tracing or tracing_of(plan.settings)
    try:
        yield Telemetry(metrics=metrics, tracing=tracing)
    finally:
        lag.stop()
        if plan.tracing is None:
            await tracing.aclose()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open what the app needs, and let go of it. Raises SettingsError."""
    plan: _Plan = app.state.plan
    async with AsyncExitStack() as stack:
        stack.callback(setattr, app.state, "service", None)
        upstreams = await stack.enter_async_context(opened(plan.upstream, plan.settings))
        log = plan.log
        if log is None:
            log = await stack.enter_async_context(opened_log(plan.settings))
        keys = KeyRing(plan.settings.keys, path=plan.settings.keys_file)
        limiter = plan.limiter
        if limiter is None:
            limiter = await stack.enter_async_context(opened_limiter(plan.settings))
        telemetry = await stack.enter_async_context(_telemetry_of(plan))
        runs = Runs(
            upstreams=upstreams,
            log=log,
            settings=plan.settings,
            item_model=plan.item_model,
            sealer=sealer_of(plan.settings),
            key_named=keys.named,
            allowance=_allowance(limiter, plan.settings),
            telemetry=telemetry,
        )
        stack.push_async_callback(runs.aclose)
        telemetry.watch(running=runs.__len__, resting=runs.resting, upstreams=[each.name for each in upstreams])
        runs.adopt()
        await stack.enter_async_context(_watching(keys, runs))
        app.state.service = Service(
            settings=plan.settings,
            patience=plan.patience,
            upstreams=upstreams,
            log=log,
            runs=runs,
            tickets=Tickets(plan.settings.secrets),
            keys=keys,
            limiter=limiter,
            telemetry=telemetry,
        )
        yield


def _allowance(limiter: Limiter | None, settings: Settings) -> Allowance | None:
    if limiter is None:
        return None
    return Allowance(limiter, when_down=settings.limiter_down, total_s=settings.total_s)


@asynccontextmanager
async def _watching(keys: KeyRing, runs: Runs) -> AsyncIterator[None]:
    task = asyncio.create_task(keys.watch(runs.end_revoked), name="keys")
    try:
        yield
    finally:
        await let_go(task)
