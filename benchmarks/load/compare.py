"""Is it worse than it was? An earlier `summary.json` as a gate."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from benchmarks.load.quantities import show_quantity
from benchmarks.load.summary import KINDS, LevelSummary, LoadSummary, Verdict, figures_of

# What users feel, what operators pay, and whether it is right; in the middle, and where it is felt as slow.
_LESS_IS_BETTER = (
    *("first_bullet_p50", "first_bullet_p95", "gap_p50", "gap_p95", "total_p50", "total_p95", "lag_p50", "lag_p95"),
    "error_rate",
)
_MORE_IS_BETTER = ("summaries_per_s",)

# A share of almost nothing is noise: less than this is never worse. Wake-ups on a busy machine differ by so much, and
# one error in a thousand is an accident.
_TIME_FLOOR_S = 0.005
_SHARE_FLOOR = 0.001

# Different in any two runs, or what is being compared.
_OF_THE_MOMENT = {"load_before", "commit", "changed", "streamsum"}

# A larger file is no summary: a level takes about 5 KB.
_MAX_BYTES = 16 << 20


def read_summary(file: Path) -> LoadSummary:
    """Raises ValueError."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"--compare: {file.name} is no summary.json")
        return LoadSummary.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ValueError(f"--compare: {file.name} cannot be read") from error
    except ValidationError as error:
        raise ValueError(f"--compare: {file.name} is no summary.json of this version") from error


def compare(old: LoadSummary, levels: tuple[LevelSummary, ...], *, tolerance: float) -> Iterator[Verdict]:
    """Of each figure that both have, on each level that both have: is it worse by more than this share?"""
    before = {level.name: figures_of(level) for level in old.levels}
    for level in levels:
        for figure, was in before.get(level.name, {}).items():
            found = figures_of(level)[figure]
            if was is not None and found is not None and (limit := _limit(figure, was, tolerance)) is not None:
                passed = found >= limit if figure in _MORE_IS_BETTER else found <= limit
                gate = f"{figure}, was {show_quantity(was, KINDS[figure])}"
                yield Verdict(gate=gate, figure=figure, level=level.name, passed=passed, found=found, limit=limit)


def differences(old: LoadSummary, new: LoadSummary) -> list[str]:
    """What else was not the same, by name: where it is much, the comparison says little."""
    before, after = ({**each.environment, **each.settings} for each in (old, new))
    names = sorted((set(before) | set(after)) - _OF_THE_MOMENT)
    return [name for name in names if before.get(name) != after.get(name)]


def levels_in_common(old: LoadSummary, names: set[str]) -> set[str]:
    """The levels that can be compared."""
    return {level.name for level in old.levels} & names


def _limit(figure: str, was: float, tolerance: float) -> float | None:
    if figure in _MORE_IS_BETTER:
        return was * (1 - tolerance)
    if figure not in _LESS_IS_BETTER:
        return None
    floor = _SHARE_FLOOR if KINDS[figure] == "share" else _TIME_FLOOR_S
    return was + max(was * tolerance, floor)
