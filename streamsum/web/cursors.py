"""Where a client has read up to: `{summary id}:{n}`, the id of the last event that it was sent."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers, QueryParams

from streamsum.errors import RequestRefused

SUMMARY_ID = r"[A-Za-z0-9_-]{22}"

# The contract's; an id and a number of 73 digits.
MAX_CURSOR_CHARS = 96

_CURSOR = re.compile(rf"({SUMMARY_ID}):(0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The event `n` of the summary `id`; 0: none of them yet."""

    id: str
    n: int


def parse(text: str) -> Cursor:
    """The cursor that `text` is. Raises RequestRefused: invalid_event_id."""
    if len(text) > MAX_CURSOR_CHARS or not (found := _CURSOR.fullmatch(text)):
        raise RequestRefused("invalid_event_id")
    return Cursor(found[1], int(found[2]))


def cursor_of(headers: Headers, query: QueryParams) -> Cursor | None:
    """The cursor of a request: the header `Last-Event-ID`, else `?after=`. Raises RequestRefused.

    An empty one is none: the format's way to say that no id was ever set.
    """
    given = _given(headers.getlist("last-event-id")) or _given(query.getlist("after"))
    if len(given) > 1:
        raise RequestRefused("invalid_event_id")
    return parse(given[0]) if given else None


def _given(values: list[str]) -> list[str]:
    return [each for each in values if each]
