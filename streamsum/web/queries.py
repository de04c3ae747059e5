"""A request in a query string: the body's field names, and their values as JSON would have them."""

import re
from typing import Any
from urllib.parse import parse_qsl

from streamsum.core.models import SummaryRequest
from streamsum.errors import FieldError, RequestRefused

# Half of what the HTTP parser takes for a whole head; the page and `curl` send longer texts by POST.
MAX_QUERY_BYTES = 8 * 1024

# Every field twice, and some that are not ours: enough to be told what is wrong.
_MAX_FIELDS = 32

_NUMBERS = frozenset({"max_bullets", "max_bullet_chars"})
_FLAGS = frozenset({"preview", "stream"})
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_FLAG = {"true": True, "false": False}


def fields_of(query: bytes, *, text_name: str) -> dict[str, Any]:
    """The request in `query`, where `text` goes by `text_name`; a cursor is no field of it. Raises RequestRefused."""
    if len(query) > MAX_QUERY_BYTES:
        raise RequestRefused("uri_too_long")
    fields: dict[str, Any] = {}
    for name, value in _pairs(query):
        if name == "after":
            continue
        name = _field_name(name, text_name)
        if name in fields:
            raise _refused("repeated", "This field is given twice.", name)
        fields[name] = _convert(name, value)
    return fields


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _refused("query", "The query is not UTF-8, percent-encoded, or has too many fields.") from None


def _field_name(name: str, text_name: str) -> str:
    """The body's name of a query's field; what is hidden by `text_name` must not come in by its own name."""
    if name == text_name:
        return "text"
    return "" if name == "text" else name


def _convert(name: str, value: str) -> Any:
    """What cannot be converted stays a string, for the validation to refuse."""
    if name in _NUMBERS and _NUMBER.fullmatch(value):
        return int(value)
    return _FLAG.get(value, value) if name in _FLAGS else value


def _refused(code: str, detail: str, name: str = "") -> RequestRefused:
    """Only a name that we declare is named."""
    loc = (name,) if name in SummaryRequest.model_fields else ()
    return RequestRefused("invalid_request", errors=(FieldError(loc=loc, code=code, detail=detail),))
