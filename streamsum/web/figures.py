"""`GET /metrics`: on a listener of its own, and on the main port only for who comes to it by loopback."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from streamsum.telemetry.metrics import CONTENT_TYPE, Metrics
from streamsum.web.doors import is_loopback
from streamsum.web.envelope import Envelope
from streamsum.web.patience import Patience
from streamsum.web.problems import HANDLERS, Guard
from streamsum.web.service import Service


async def figures(request: Request, service: Service) -> ASGIApp:
    """On the main port. Raises HTTPException: elsewhere there is nothing here."""
    metrics = service.telemetry.metrics
    if metrics is None or not _is_by_loopback(request.scope):
        raise HTTPException(404)
    return _response(metrics)


def figures_app(metrics: Metrics) -> ASGIApp:
    """What answers on a listener of its own: this, and nothing else."""

    async def answer(_request: Request) -> Response:
        return _response(metrics)

    middleware = [Middleware(Envelope), Middleware(Guard, blocked_s=Patience().blocked_s)]
    app = Starlette(routes=[Route("/metrics", answer)], middleware=middleware, exception_handlers=HANDLERS)
    app.router.redirect_slashes = False
    return app


def _response(metrics: Metrics) -> Response:
    return Response(metrics.exposition(), media_type=CONTENT_TYPE)


def _is_by_loopback(scope: Scope) -> bool:
    server = scope.get("server")
    return server is not None and is_loopback(server[0])
