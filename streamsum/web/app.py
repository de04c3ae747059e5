"""The ASGI app: wires everything, and owns what its lifespan opens."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware

from streamsum.item_model import load
from streamsum.runs.log import EventLog
from streamsum.runs.opening import opened_log, sealer_of
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.upstream.given import Given, opened
from streamsum.web.doors import Doors
from streamsum.web.endpoints import ROUTES
from streamsum.web.envelope import Envelope
from streamsum.web.patience import Patience
from streamsum.web.problems import HANDLERS, Guard
from streamsum.web.service import Service
from streamsum.web.tickets import Tickets


@dataclass(frozen=True, slots=True)
class _Plan:
    """What `create_app` was given, until the lifespan opens it."""

    settings: Settings
    upstream: Given | None
    log: EventLog | None
    item_model: type[BaseModel]
    patience: Patience


def create_app(
    settings: Settings | None = None,
    *,
    upstream: Given | None = None,
    log: EventLog | None = None,
    item_model: type[BaseModel] | None = None,
    patience: Patience | None = None,
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
        middleware=[
            Middleware(Envelope),
            Middleware(Guard, blocked_s=patience.blocked_s),
            Middleware(Doors, open_to_all=settings.no_keys),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a path is ours or it is not
    app.state.plan = _Plan(settings, upstream, log, item_model or load(settings.item_model), patience)
    app.state.service = None
    return app


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
        runs = Runs(
            upstreams=upstreams,
            log=log,
            settings=plan.settings,
            item_model=plan.item_model,
            sealer=sealer_of(plan.settings),
        )
        stack.push_async_callback(runs.aclose)
        runs.adopt()
        app.state.service = Service(
            settings=plan.settings,
            patience=plan.patience,
            upstreams=upstreams,
            log=log,
            runs=runs,
            tickets=Tickets(plan.settings.secrets),
        )
        yield
