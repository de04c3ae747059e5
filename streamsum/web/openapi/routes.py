"""`/openapi.json` and `/docs`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from streamsum.web.openapi.document import encoded
from streamsum.web.openapi.page import policy, rendered
from streamsum.web.service import Service


async def show_document(_request: Request, _service: Service) -> ASGIApp:
    """`GET /openapi.json`."""
    return Response(encoded(), media_type="application/json")


async def show_page(_request: Request, _service: Service) -> ASGIApp:
    """`GET /docs`."""
    headers = {"Content-Security-Policy": policy(), "Referrer-Policy": "no-referrer"}
    return Response(rendered(), media_type="text/html", headers=headers)
