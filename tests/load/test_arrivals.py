"""When the requests of an open loop are due."""

import statistics
from itertools import islice, pairwise

import pytest

from benchmarks.load.arrivals import poisson


def arrivals(count: int, *, rate: float = 20, ramp_up_s: float = 0, seed: int = 0) -> list[float]:
    return list(islice(poisson(rate, ramp_up_s=ramp_up_s, seed=seed), count))


def test_the_same_seed_gives_the_same_arrivals() -> None:
    """And another one others."""
    assert arrivals(100) == arrivals(100)
    assert arrivals(100) != arrivals(100, seed=1)
    assert arrivals(100, ramp_up_s=3) == sorted(arrivals(100, ramp_up_s=3))


def test_gaps_are_those_of_a_poisson_process() -> None:
    """Exponential: their mean is 1 / rate, and so is their standard deviation."""
    gaps = [later - earlier for earlier, later in pairwise(arrivals(20_000))]
    assert statistics.mean(gaps) == pytest.approx(1 / 20, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / 20, rel=0.03)


def test_the_rate_rises_evenly() -> None:
    """In a ramp half of what comes after it in the same time; of that a quarter in the first half."""
    ramp = 1_000.0
    times = arrivals(25_000, ramp_up_s=ramp)
    counts = [sum(start <= at < end for at in times) for start, end in ((0, ramp / 2), (0, ramp), (ramp, 1.5 * ramp))]
    assert counts[0] / counts[1] == pytest.approx(1 / 4, rel=0.05)
    assert counts[1] == pytest.approx(10_000, rel=0.05)
    assert counts[2] == pytest.approx(10_000, rel=0.05)
