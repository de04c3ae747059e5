"""Service-level objectives, `first_bullet=2s,gap=1s`: what a request must keep to count as good."""

from collections.abc import Mapping

from benchmarks.load.outcome import Outcome
from benchmarks.load.quantities import read_quantity
from benchmarks.load.summary import MEASURES

# At most so many seconds, by measure.
Objectives = Mapping[str, float]


def read_objectives(text: str) -> Objectives:
    """Raises ValueError."""
    objectives: dict[str, float] = {}
    for each in text.split(","):
        measure, equals, limit = each.partition("=")
        if not equals or measure.strip() not in MEASURES:
            raise ValueError(f"--slo: MEASURE=TIME is wanted, not {each.strip()!r}; of {', '.join(MEASURES)}")
        objectives[measure.strip()] = read_quantity(limit, "time")
    return objectives


def keeps(outcome: Outcome, objectives: Objectives) -> bool:
    """Is it a good answer, in time in everything? A summary without a bullet never has its first one in time."""
    if not outcome.ok:
        return False
    for measure, limit in objectives.items():
        times = outcome.times(measure)
        if (not times and measure != "gap") or any(time > limit for time in times):
            return False
    return True
