"""Many times as a few figures."""

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

PERCENTILES = (50, 90, 95, 99)


class Figures(BaseModel):
    """Of one measure. A percentile is a value that was measured: the smallest that so many per cent do not exceed.

    (Nearest rank, https://www.itl.nist.gov/div898/handbook/prc/section2/prc262.htm, without its interpolation: of ten
    values p99 is the largest, and nothing is shown that did not happen.)
    """

    model_config = ConfigDict(frozen=True)

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figures | None":
        """None where there is nothing."""
        if not values:
            return None
        ordered = sorted(values)
        percentiles = {f"p{p}": _rounded(percentile(ordered, p)) for p in PERCENTILES}
        mean = _rounded(math.fsum(ordered) / len(ordered))
        return cls(count=len(ordered), mean=mean, max=_rounded(ordered[-1]), **percentiles)


STATISTICS = tuple(Figures.model_fields)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest rank in values that are in order; there is at least one."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _rounded(seconds: float) -> float:
    """To the microsecond: no clock here knows more."""
    return round(seconds, 6)
