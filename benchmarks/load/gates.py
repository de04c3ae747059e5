"""Conditions that fail a run: `first_bullet_p95>2s`, `error_rate>1%`, `summaries_per_s<10`."""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.load.quantities import read_quantity
from benchmarks.load.summary import KINDS, LevelSummary, Verdict, figures_of

_WRITTEN = re.compile(r"\s*([a-z_0-9]+)\s*(<=|>=|<|>)\s*(\S+)\s*", re.ASCII)
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """Fails where the figure stands so to the limit; and where it is not known: nobody could say that all is well."""

    text: str
    figure: str
    sign: str
    limit: float

    @classmethod
    def read(cls, text: str) -> "Gate":
        """Raises ValueError."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise ValueError(f"--fail-if: FIGURE>VALUE is wanted, such as first_bullet_p95>2s, not {text!r}")
        figure, sign, value = found.groups()
        if figure not in KINDS:
            raise ValueError(f"--fail-if: there is no figure {figure!r}; there are {', '.join(KINDS)}")
        return cls(text.strip(), figure, sign, read_quantity(value, KINDS[figure]))

    def judge(self, level: LevelSummary) -> Verdict:
        """On one level."""
        found = figures_of(level)[self.figure]
        passed = found is not None and not _HOLDS[self.sign](found, self.limit)
        return Verdict(
            gate=self.text, figure=self.figure, level=level.name, passed=passed, found=found, limit=self.limit
        )


def judge_all(gates: Iterable[Gate], levels: Iterable[LevelSummary]) -> list[Verdict]:
    """Every gate on every level."""
    every_level = list(levels)
    return [gate.judge(level) for gate in gates for level in every_level]
