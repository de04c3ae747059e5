"""Does a client take what we can send? RFC 9110, section 12.5.1."""

import re

from streamsum.errors import RequestRefused

_OURS = ("text/event-stream", "application/json")
_NOT_WANTED = re.compile(r"0(?:\.0*)?")


def refuse_unacceptable(accept: list[str]) -> None:
    """`accept`: the values of every such header; none admits all. Raises RequestRefused: not_acceptable."""
    ranges = [_range(each) for value in accept for each in value.split(",") if each.strip()]
    if ranges and not any(_quality(kind, dict(ranges)) > 0 for kind in _OURS):
        raise RequestRefused("not_acceptable")


def _range(text: str) -> tuple[str, float]:
    """A media range, and 0.0 if it is not wanted; a weight that cannot be read is as if it were not there."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return kind, 0.0 if _NOT_WANTED.fullmatch(value.strip()) else 1.0
    return kind, 1.0


def _quality(kind: str, ranges: dict[str, float]) -> float:
    """The most specific range decides."""
    family = kind.partition("/")[0]
    return next((ranges[each] for each in (kind, f"{family}/*", "*/*") if each in ranges), 0.0)
