"""Which upstream serves the next pass: a pure function of its kind, how the last call ended, and what was tried.

| the last call | next |
|---|---|
| there was none | the first that does not rest; where all rest, the first |
| brought nothing: refused, reset, 5xx, 429, cut | the same once more, where that is soon enough; then the next |
| brought nothing: too long | the next with a larger context |
| any other failure, in mid-stream or before | the next |
| finished, and it is asked again for what was withheld | the same |

The next is the first, in the operator's order, that this summary has not tried and that does not rest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from streamsum.core.passes import Cause, End, PassKind
from streamsum.upstream.base import Upstream

# Seconds before the same is asked again: a restart is over at once or takes longer than anyone waits here.
AGAIN_S = 0.1
# Who says for longer than this that it is busy is waited for only where there is no other.
LONG_S = 1.0

_PASSING = {Cause.ERROR, Cause.OVERLOADED, Cause.CUT}


@dataclass(frozen=True, slots=True)
class Tried:
    """One call: whom, how it ended, and whether any content came."""

    upstream: Upstream
    end: End
    begun: bool


@dataclass(frozen=True, slots=True)
class Next:
    """Whom to call, and in how many seconds."""

    upstream: Upstream
    pause_s: float = 0.0


def candidates(upstreams: Sequence[Upstream], model: str | None) -> list[Upstream]:
    """Those that offer `model`, in the operator's order; without one, all of them: the first is the default."""
    return [each for each in upstreams if model is None or each.model == model]


def choose_first(upstreams: Sequence[Upstream], *, resting: Collection[str] = ()) -> Upstream:
    """Whom to ask first; `resting` are names."""
    return next((each for each in upstreams if each.name not in resting), upstreams[0])


def choose(
    kind: PassKind,
    tried: Sequence[Tried],
    upstreams: Sequence[Upstream],
    *,
    resting: Collection[str] = (),
    patience_s: float,
) -> Next | None:
    """The next call, `tried` being those so far, one at least; None: there is nobody left to ask, or no time.

    `resting` are names; nobody is waited for longer than `patience_s`.
    """
    last = tried[-1]
    if kind == "reask":
        return Next(last.upstream)
    fresh = [each for each in upstreams if each.name not in resting]
    others = [each for each in _roomier(fresh, tried) if all(each is not one.upstream for one in tried)]
    if again := _again(tried, others, patience_s):
        return again
    return Next(others[0]) if others and patience_s > 0 else None


def _again(tried: Sequence[Tried], others: Sequence[Upstream], patience_s: float) -> Next | None:
    """The same once more, if that may help, and is soon enough."""
    last = tried[-1]
    if last.begun or last.end.cause not in _PASSING or sum(one.upstream is last.upstream for one in tried) > 1:
        return None
    pause_s = max(last.end.retry_after or 0, AGAIN_S)
    if pause_s > patience_s or (others and pause_s > LONG_S):
        return None
    return Next(last.upstream, pause_s)


def _roomier(upstreams: Sequence[Upstream], tried: Sequence[Tried]) -> Sequence[Upstream]:
    """Where the source was too long, only who has, or may have, a larger context."""
    too_small = [one.upstream.can.context_tokens or 0 for one in tried if one.end.cause is Cause.TOO_LONG]
    least = max(too_small, default=-1)
    return [each for each in upstreams if each.can.context_tokens is None or each.can.context_tokens > least]
