"""Which upstreams may serve a summary, and in which order. Pure."""

from collections.abc import Sequence

from streamsum.upstream.base import Upstream


def candidates(upstreams: Sequence[Upstream], model: str | None) -> list[Upstream]:
    """Those that offer `model`, in the operator's order; without one, all of them: the first is the default."""
    return [each for each in upstreams if model is None or each.model == model]
