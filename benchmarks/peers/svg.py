"""What the picture is made of: words, lines, and a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

WIDTH, MARGIN, NAMES = 880, 24, 190
GRID = "#e4e7eb"
COLOURS = {"ours": "#0b7a4b", "library": "#b4532a", "floor": "#7b8794"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScale:
    """From values to places: `low`, a power of ten, is at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], *, start: float, end: float) -> Self:
        """From the power of ten below the least to the one above the greatest; all are above 0."""
        low = 10.0 ** math.floor(math.log10(min(values)))
        return cls(low=low, high=max(low * 10, 10.0 ** math.ceil(math.log10(max(values)))), start=start, end=end)

    def __call__(self, value: float) -> float:
        """Where a value is."""
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(self.high / self.low)

    def powers(self) -> Iterator[tuple[float, str]]:
        """Where each power of ten is, and its name."""
        for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1):
            yield self(10.0**power), f"{10.0**power:,g}"


def words(x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400) -> str:
    """Text from, around or up to a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line of the grid."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GRID}"/>'
