"""An earlier summary as a gate."""

from pathlib import Path

import pytest

from benchmarks.load.compare import compare, differences, levels_in_common, read_summary
from benchmarks.load.level import Level
from benchmarks.load.outcome import Outcome
from tests.load.levels import failed, level_summary, load_summary, outcome

OLD = load_summary(level_summary([outcome() for _ in range(10)]))


def failing(outcomes: list[Outcome], tolerance: float = 0.2) -> list[str]:
    verdicts = compare(OLD, (level_summary(outcomes),), tolerance=tolerance)
    return [verdict.figure for verdict in verdicts if not verdict.passed]


def test_the_same_again_passes() -> None:
    """And so does what is worse within the tolerance."""
    assert failing([outcome() for _ in range(10)]) == []
    assert failing([outcome(bullets=[1.19, 3.2], total=4.7) for _ in range(10)]) == []


def test_what_is_worse_fails_by_name() -> None:
    """Times that grew, throughput that fell, errors that came."""
    assert failing([outcome(bullets=[1.3, 3.0]) for _ in range(10)]) == ["first_bullet_p50", "first_bullet_p95"]
    assert failing([outcome() for _ in range(7)]) == ["summaries_per_s"]
    assert "error_rate" in failing([outcome() for _ in range(10)] + [failed()])
    assert failing([outcome(bullets=[1.19, 3.2]) for _ in range(10)], tolerance=0.1) == [
        "first_bullet_p50",
        "first_bullet_p95",
    ]


def test_a_share_of_almost_nothing_is_noise() -> None:
    """A lag of 1 ms that became 4 ms is a wake-up, of 10 ms it is not."""
    old = load_summary(level_summary([outcome(lags=[0.001])]))
    for lag, expected in ((0.004, []), (0.010, ["lag_p50", "lag_p95"])):
        new = level_summary([outcome(lags=[lag])])
        found = [each.figure for each in compare(old, (new,), tolerance=0.2) if not each.passed]
        assert found == expected


def test_only_what_both_have_is_compared() -> None:
    """Levels, and figures: a lag that only one of them knew is no matter."""
    other = level_summary([outcome()], level=Level("open", 10))
    assert list(compare(OLD, (other,), tolerance=0.2)) == []
    figures = {each.figure for each in compare(OLD, (level_summary([outcome(lags=[0.001])]),), tolerance=0.2)}
    assert "total_p50" in figures
    assert "lag_p50" not in figures
    assert levels_in_common(OLD, {"concurrency 10", "rate 10"}) == {"concurrency 10"}


def test_what_else_was_different_is_said() -> None:
    """Machine, versions, settings; not the commit, which is what one compares."""
    new = OLD.model_copy(update={"environment": {"python": "3.12", "commit": "b"}, "settings": {"seed": 0, "texts": 3}})
    assert differences(OLD, new) == ["python", "texts"]
    assert differences(OLD, OLD) == []


def test_an_old_summary_is_read(tmp_path: Path) -> None:
    """As it was written; anything else is refused by its name."""
    file = tmp_path / "summary.json"
    with pytest.raises(ValueError, match=r"summary.json cannot be read"):
        read_summary(file)
    file.write_text(OLD.model_dump_json())
    assert read_summary(file) == OLD
    for content in ("{}", "nonsense", OLD.model_dump_json().replace("streamsum-load/1", "streamsum-load/9")):
        file.write_text(content)
        with pytest.raises(ValueError, match="of this version"):
            read_summary(file)
    with file.open("wb") as sparse:
        sparse.truncate(1 << 30)
    with pytest.raises(ValueError, match=r"is no summary.json$"):
        read_summary(file)
