"""Many times as a few figures."""

import random
import statistics

import pytest

from benchmarks.load.figures import Figures, percentile


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """The nearest rank: the smallest value that so many per cent do not exceed."""
    ten = [float(each) for each in range(1, 11)]
    assert [percentile(ten, p) for p in (0, 10, 50, 51, 90, 95, 99, 100)] == [1, 1, 5, 6, 9, 10, 10, 10]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7


def test_all_of_them_together() -> None:
    """In any order; near what an interpolating definition gives where there are many."""
    draw = random.Random(1)
    values = [draw.gauss(10, 2) for _ in range(5_000)]
    figures = Figures.of(values)
    assert figures is not None
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    assert figures.count == len(values)
    assert figures.mean == pytest.approx(statistics.mean(values), abs=1e-6)
    assert [figures.p50, figures.p90, figures.p95, figures.p99] == pytest.approx(
        [cuts[49], cuts[89], cuts[94], cuts[98]], rel=0.01
    )
    assert figures.max == pytest.approx(max(values), abs=1e-6)


def test_of_nothing_there_are_no_figures() -> None:
    """Not zeros: nobody measured zero."""
    assert Figures.of([]) is None
