"""What a line of the log may say: these fields and no others, each a plain value of bounded size.

A text can get into a log only by way of a field, so the list is short, and none of its fields is for a text. The type
checker refuses a field that is not on it, and whatever gets past the checker is dropped here.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

# Names, ids, codes and places: the longest is a place, four files and lines.
MAX_CHARS = 256
# A summary's calls: as many as there are upstreams, twice, and some re-asks.
MAX_PARTS = 100


class PassFields(TypedDict, total=False):
    """One call of a model, in the closing line of its summary."""

    kind: str
    upstream: str
    model: str
    cause: str
    prompt_tokens: int | None
    completion_tokens: int | None


class Fields(TypedDict, total=False):
    """What may stand beside the event, by name."""

    # Whose line it is.
    summary: str  # its id
    request_id: str  # the caller's own, if it is one
    key: str  # the name of an API key, as the operator has it
    trace_id: str

    # A request.
    method: str
    route: str  # as it is declared: never a path or a query
    status: int  # 0: the client left first

    # A summary: its ledger, without the digest, by which a text that is guessed could be known.
    taken_over: bool
    outcome: str
    finish: str
    code: str
    truncated: bool
    bullets: int
    rejected: int
    duplicates: int
    repaired: int
    passes: list[PassFields]
    first_delta_ms: int | None
    first_bullet_ms: int | None
    total_ms: int | None

    # An upstream.
    upstream: str  # as the operator calls it
    model: str
    provider_code: str  # the provider's own names, where they are names
    provider_type: str
    provider_param: str
    parameters: str

    # The process.
    error: str  # an exception, by `whereabouts`
    what: str  # words of ours
    url: str  # where we listen
    signal: str
    within_s: float
    running: int
    limit: int
    streams: int
    keys: int
    needed: int
    takes_over: bool
    goes_on: bool

    # A library: whose line, and the line of code that it came from.
    logger: str
    at: str


_OF_A_LINE = frozenset(Fields.__annotations__) - {"passes"}
_OF_A_PASS = frozenset(PassFields.__annotations__)


def keep_known(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `given` may be said."""
    fields = {name: value for name, value in given.items() if name in _OF_A_LINE and _is_plain(value)}
    if isinstance(passes := given.get("passes"), list):
        fields["passes"] = [_keep_of_pass(each) for each in passes[:MAX_PARTS]]
    return fields


def _keep_of_pass(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in _OF_A_PASS and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_CHARS
    return value is None or isinstance(value, bool | int | float)
