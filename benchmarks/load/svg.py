"""Plots as SVG text: a frame with two axes, and what is drawn into it. Nothing outside is referred to.

Colours and fonts are classes, which the page that holds the plot defines, for light and dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 12, 44

Point = tuple[float, float]
# Where an axis has a mark, and what it says there.
Tick = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, with its ticks; `name` says what, and in which unit."""

    name: str
    low: float
    high: float
    ticks: Sequence[Tick]

    def part(self, value: float) -> float:
        """Where between the ends it lies: 0 to 1, and no further."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def linear_axis(name: str, high: float, *, scale: float = 1.0) -> Axis:
    """From 0 to the first round number from `high` on; labels are values times `scale`."""
    step = _round_step(high * scale / 5) if high > 0 else 0.2
    count = max(1, math.ceil(high * scale / step - 1e-9))
    ticks = [(number * step / scale, f"{number * step:.6g}") for number in range(count + 1)]
    return Axis(name, 0.0, ticks[-1][0], ticks)


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


class Plot:
    """Draw into it in any order, then `text()`. Series have numbers, from 0; the page gives each its colour."""

    def __init__(self, x: Axis, y: Axis, *, title: str, height: int = HEIGHT) -> None:
        self._x, self._y, self._title, self._height = x, y, title, height
        self._drawn: list[str] = []

    def line(self, points: Sequence[Point], series: int, *, label: str) -> None:
        """A line through the points; a pointer over it is told the label."""
        path = " ".join(f"{self._at_x(x):.1f},{self._at_y(y):.1f}" for x, y in points)
        hint = f"<title>{escape(label)}</title>"
        self._drawn.append(f'<polyline class="line s{series}" points="{path}">{hint}</polyline>')

    def dots(self, points: Sequence[Point], series: int, *, radius: float = 2.5) -> None:
        """One for each."""
        self._drawn += [
            f'<circle class="dot s{series}" cx="{self._at_x(x):.1f}" cy="{self._at_y(y):.1f}" r="{radius}"/>'
            for x, y in points
        ]

    def bar(self, start: float, end: float, y: float, *, kind: str, label: str) -> None:
        """A thin level line, of one of the page's kinds."""
        at = self._at_y(y)
        ends = f'x1="{self._at_x(start):.1f}" x2="{self._at_x(end):.1f}" y1="{at:.1f}" y2="{at:.1f}"'
        self._drawn.append(f'<line class="{kind}" {ends}><title>{escape(label)}</title></line>')

    def text(self) -> str:
        """The `svg` element."""
        head = f'<svg viewBox="0 0 {WIDTH} {self._height}" role="img" aria-label="{escape(self._title)}">'
        return "\n".join([head, *self._frame(), *self._drawn, "</svg>"])

    def _at_x(self, value: float) -> float:
        return _LEFT + self._x.part(value) * (WIDTH - _LEFT - _RIGHT)

    def _at_y(self, value: float) -> float:
        return self._height - _BOTTOM - self._y.part(value) * (self._height - _TOP - _BOTTOM)

    def _frame(self) -> list[str]:
        right, bottom = WIDTH - _RIGHT, self._height - _BOTTOM
        middle = (_TOP + bottom) / 2
        parts = [
            f'<text class="name" x="{(_LEFT + right) / 2}" y="{self._height - 8}">{escape(self._x.name)}</text>',
            f'<text class="name" transform="translate(14 {middle}) rotate(-90)">{escape(self._y.name)}</text>',
        ]
        for value, words in self._x.ticks:
            at = self._at_x(value)
            parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
            parts.append(f'<text class="tick-x" x="{at:.1f}" y="{bottom + 16}">{escape(words)}</text>')
        for value, words in self._y.ticks:
            at = self._at_y(value)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(f'<text class="tick-y" x="{_LEFT - 6}" y="{at + 4:.1f}">{escape(words)}</text>')
        return parts
