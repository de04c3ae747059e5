"""runs/limits/quotas.py: days and nights, by a clock that is an argument."""

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S
from streamsum.runs.limits.quotas import Quotas
from tests.test_limiter import wanted

MIDNIGHT = 20_000 * DAY_S
NOON = MIDNIGHT + DAY_S // 2


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_day_ends_at_midnight() -> None:
    """UTC; until then a budget that is spent stays spent, and the wait is until then."""
    clock = Clock(NOON)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=100, tokens_per_day=100)) is None
    quotas.settle("alice", "a", 100, lost=False)
    for now, wait in ((NOON, DAY_S // 2), (MIDNIGHT + DAY_S - 1, 1), (MIDNIGHT + DAY_S - 0.5, 1)):
        clock.now = now
        refused = quotas.reserve(wanted("b", tokens=1, tokens_per_day=100))
        assert refused is not None
        assert refused.reset_s == wait
    clock.now = MIDNIGHT + DAY_S
    assert quotas.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None


def test_what_runs_over_midnight_counts_for_the_day_on_which_it_is_settled() -> None:
    """Until then it is held, on both."""
    clock = Clock(MIDNIGHT - 1)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=60, tokens_per_day=100)) is None
    clock.now = MIDNIGHT + 1
    refused = quotas.reserve(wanted("b", tokens=60, tokens_per_day=100))
    assert refused is not None
    assert (refused.left, refused.reset_s) == (40, RETRY_SOON_S)
    quotas.settle("alice", "a", 50, lost=False)
    assert quotas.reserve(wanted("b", tokens=50, tokens_per_day=100)) is None


def test_what_runs_out_counts_for_the_day_on_which_it_ran_out() -> None:
    """However much later somebody looks."""
    clock = Clock(MIDNIGHT - 30)
    quotas = Quotas(clock)
    assert quotas.reserve(wanted("a", tokens=100, tokens_per_day=100, for_s=10)) is None
    clock.now = MIDNIGHT + 10
    assert quotas.reserve(wanted("b", tokens=100, tokens_per_day=100)) is None
