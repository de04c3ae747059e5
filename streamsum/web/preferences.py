"""What a client would like, and need not get: RFC 7240. Its word for one request, kept by us: `Idempotency-Key`."""

import hashlib
import re

from starlette.datastructures import Headers

from streamsum.core.models import SummaryRequest
from streamsum.errors import FieldError, RequestRefused
from streamsum.runs.log import Idempotency

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


def wants_async(headers: Headers) -> bool:
    """`Prefer: respond-async`: an answer at once, and the events elsewhere."""
    preferences = (each for value in headers.getlist("prefer") for each in value.split(","))
    return any(each.partition(";")[0].strip().lower() == "respond-async" for each in preferences)


def idempotency_of(headers: Headers, wanted: SummaryRequest) -> Idempotency | None:
    """The caller's key for this request, its `stream` aside: it is about the answer. Raises RequestRefused."""
    given = headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _VISIBLE.fullmatch(given[0]):
        detail = "An Idempotency-Key has 1 to 255 visible ASCII characters, and is given once."
        raise RequestRefused("invalid_request", errors=(FieldError(loc=(), code="idempotency_key", detail=detail),))
    request = wanted.model_dump_json(exclude={"stream"})
    return Idempotency(given[0], hashlib.sha256(request.encode()).hexdigest())
