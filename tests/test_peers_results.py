"""benchmarks/peers/results.py: percentiles, and a file that gives back what was put in."""

from pathlib import Path

import pytest

from benchmarks.peers.results import Lag, Results, Trial, percentile
from tests.measured import results, trial


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """Nearest rank: the least that so many percent do not exceed."""
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (1, 50, 90, 99, 99.5, 100)] == [1, 50, 90, 99, 100, 100]
    assert percentile([5.0], 50) == percentile([5.0], 99) == 5


def test_lags_are_told_over_all_and_by_item() -> None:
    """Over all items of all summaries; and the median of the first items, of the second."""
    lag = Lag.of([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    assert (lag.p50, lag.p90, lag.p99, lag.worst) == (3, 30, 30, 30)
    assert lag.by_item == [2, 20]


def test_costs_are_of_a_chunk_and_of_a_summary() -> None:
    """The same CPU time, seen three ways."""
    one = trial("streamsum", cost=10.0)
    assert one.cpu_a_chunk_us == pytest.approx(10)
    assert one.cpu_a_summary_ms == pytest.approx(5)
    assert one.chunks_a_core_s == pytest.approx(100_000)


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    """Failures, too."""
    saved = results(trial("streamsum", cost=10.0), Trial(peer="nginx", scene="short", round=0, failure="no"))
    saved.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == saved


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    """Its figures may mean something else."""
    (tmp_path / "results.json").write_text('{"schema": 0}')
    with pytest.raises(ValueError, match="schema"):
        Results.load(tmp_path / "results.json")
