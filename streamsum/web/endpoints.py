"""The routes: from a request to the response that answers it."""

import math
import re
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from streamsum.core.models import SummaryRequest
from streamsum.core.refusals import validate
from streamsum.errors import Expired, NotFound, RequestRefused
from streamsum.runs.log import Joined
from streamsum.runs.run import Run
from streamsum.web import bodies, cursors, queries
from streamsum.web.accept import refuse_unacceptable
from streamsum.web.auth import key_of, shown_in
from streamsum.web.cursors import Cursor
from streamsum.web.doors import refuse_foreign_pages
from streamsum.web.figures import figures
from streamsum.web.openapi.routes import show_document, show_page
from streamsum.web.page import PAGE_ROUTES
from streamsum.web.preferences import idempotency_of, wants_async
from streamsum.web.recording import origin_of
from streamsum.web.resources import Resource
from streamsum.web.responses import (
    AcceptedResponse,
    BegunResponse,
    EventStreamResponse,
    JoinedResponse,
    ResumeResponse,
    SummaryResponse,
)
from streamsum.web.service import Service
from streamsum.web.snapshots import snapshot

_SUMMARY_ID = re.compile(cursors.SUMMARY_ID)


async def start_by_body(request: Request, service: Service) -> ASGIApp:
    """`POST /v1/summaries`: the status is held until the first content, or until it is known to be an error.

    With `Prefer: respond-async` nobody waits.
    """
    refuse_unacceptable(request.headers.getlist("accept"))
    data = await bodies.read_object(
        request.headers,
        request.receive,
        max_bytes=service.settings.max_body_bytes,
        within=service.patience.body_s,
    )
    answer_at_once = wants_async(request.headers)
    key = key_of(request.scope)
    wanted = validate(data, models=service.models(key))
    named = idempotency_of(request.headers, wanted)  # the same body is the same request, whatever its answer
    if answer_at_once and "on_disconnect" not in data:
        wanted = wanted.model_copy(update={"on_disconnect": "finish"})
    held_s = 0.0
    if not answer_at_once:
        held_s = service.settings.first_byte_s if wanted.stream else math.inf
    origin = origin_of(request.scope)

    async def begin() -> Run | Joined:
        return await service.runs.start_or_join(wanted, key=key, idempotency=named, held_s=held_s, origin=origin)

    async def begin_anew() -> ASGIApp:
        return _answer(await begin(), wanted, service, key=key.name, held=True, is_named=named is not None)

    begun = await begin()
    if answer_at_once:
        return AcceptedResponse(begun.id, ticket=service.tickets.give(begun.id, key.name, shown_in(request.scope)))
    answer = _answer(begun, wanted, service, key=key.name, held=True, is_named=named is not None)
    return JoinedResponse(answer, otherwise=begin_anew) if isinstance(begun, Joined) else answer


async def start_by_query(request: Request, service: Service) -> ASGIApp:
    """`GET /v1/summaries?text=…`: answers at once; with a cursor, goes on with the summary that it points into."""
    return await _start_or_resume(request, service, text_name="text")


async def start_short(request: Request, service: Service) -> ASGIApp:
    """`GET /stream?q=…`: the shortest form of the same."""
    return await _start_or_resume(request, service, text_name="q")


async def show(request: Request, service: Service) -> ASGIApp:
    """`GET /v1/summaries/{id}`: what is known of it by now."""
    refuse_unacceptable(request.headers.getlist("accept"))
    id = _id_of(request)
    return JSONResponse(snapshot(id, await service.log.read(id, key_of(request.scope).name)))


async def cancel(request: Request, service: Service) -> ASGIApp:
    """`DELETE /v1/summaries/{id}`: end it, or forget it."""
    await service.log.cancel(_id_of(request), key_of(request.scope).name)
    return Response(status_code=204)


async def follow(request: Request, service: Service) -> ASGIApp:
    """`GET /v1/summaries/{id}/events`: from the start, or after a cursor; also for who has a ticket."""
    refuse_unacceptable(request.headers.getlist("accept"))
    id = _id_of(request)
    cursor = _cursor_of(request)
    if cursor is not None and cursor.id != id:
        raise RequestRefused("invalid_event_id")
    after = None if cursor is None else cursor.n
    key: str | None = key_of(request.scope).name
    if (ticket := request.query_params.get("ticket")) is not None:
        key = service.ticket_holder(id, ticket)
    if key is None:  # a stranger: as if there were no such summary
        raise NotFound if after is None else Expired
    return ResumeResponse(service, id, after=after, key=key)


async def models(request: Request, service: Service) -> ASGIApp:
    """`GET /v1/models`: those that a request of this key may name, with their limits."""
    offers = service.runs.admission.offers(key=key_of(request.scope))
    return JSONResponse({"models": [asdict(each) for each in offers]})


async def healthz(_request: Request, _service: Service) -> ASGIApp:
    """`GET /healthz`: the process answers."""
    return JSONResponse({"status": "alive"})


async def readyz(_request: Request, service: Service) -> ASGIApp:
    """`GET /readyz`: a new summary would be taken."""
    if service.runs.draining:
        raise RequestRefused("draining")
    await service.log.reach()
    return JSONResponse({"status": "ready"})


ROUTES = (
    *PAGE_ROUTES,
    Route("/v1/summaries", Resource(GET=start_by_query, POST=start_by_body)),
    Route("/v1/summaries/{id}", Resource(GET=show, DELETE=cancel)),
    Route("/v1/summaries/{id}/events", Resource(GET=follow)),
    Route("/stream", Resource(GET=start_short)),
    Route("/v1/models", Resource(GET=models)),
    Route("/healthz", Resource(GET=healthz)),
    Route("/readyz", Resource(GET=readyz)),
    Route("/metrics", Resource(GET=figures)),
    Route("/openapi.json", Resource(GET=show_document)),
    Route("/docs", Resource(GET=show_page)),
)


async def _start_or_resume(request: Request, service: Service, *, text_name: str) -> ASGIApp:
    refuse_unacceptable(request.headers.getlist("accept"))
    key = key_of(request.scope)
    if cursor := _cursor_of(request):
        return ResumeResponse(service, cursor.id, after=cursor.n, key=key.name)
    if not service.settings.keys:  # a key is what no browser sends by itself
        refuse_foreign_pages(request.headers)
    data = queries.fields_of(request.scope["query_string"], text_name=text_name)
    wanted = validate(data, models=service.models(key))
    held_s = 0.0 if wanted.stream else math.inf
    origin = origin_of(request.scope)
    begun = await service.runs.start_or_join(wanted, key=key, idempotency=None, held_s=held_s, origin=origin)
    return _answer(begun, wanted, service, key=key.name, held=False)


def _answer(
    begun: Run | Joined, wanted: SummaryRequest, service: Service, *, key: str, held: bool, is_named: bool = False
) -> ASGIApp:
    """`is_named`: the same request joins it, so that it may run though nobody has been told its id."""
    answer: ASGIApp = SummaryResponse(service, begun.id, key=key)
    if wanted.stream:
        started = begun.started if held and isinstance(begun, Run) else None
        answer = EventStreamResponse(service, begun.id, key=key, after=0, held=held, started=started)
    if is_named or isinstance(begun, Joined):
        return answer
    return BegunResponse(answer, begun, to_event_source=wanted.stream and not held)


def _cursor_of(request: Request) -> Cursor | None:
    return cursors.cursor_of(request.headers, request.query_params)


def _id_of(request: Request) -> str:
    id: str = request.path_params["id"]
    if not _SUMMARY_ID.fullmatch(id):
        raise NotFound
    return id
