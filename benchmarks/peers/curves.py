"""A panel of the picture: how late each peer's item n is, where the model keeps a pace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.figures import Figures
from benchmarks.peers.scenes import Scene
from benchmarks.peers.svg import COLOURS, MARGIN, NAMES, WIDTH, LogScale, rule, words

_HEAD, _PLOT, _FOOT, _LINE = 28, 200, 50, 13
_LEFT, _RIGHT = MARGIN + 60, WIDTH - MARGIN - NAMES
# A tenth of what can be told apart: a lag of nothing has no place on a logarithmic scale.
_LEAST_MS = 0.01


class Curves:
    """Its height is known before it is drawn."""

    def __init__(self, figures: Figures, scene: Scene) -> None:
        self._scene = scene
        self._curves = list(_curves(figures, scene)) if scene.pace else []
        self.height = _HEAD + _PLOT + _FOOT if self._curves else 0

    def draw(self, top: float) -> Iterator[str]:
        """From `top` down."""
        if not self._curves:
            return
        low, high = top + _HEAD + _PLOT, top + _HEAD
        scale = LogScale.over([lag for _, curve in self._curves for lag in curve], start=low, end=high)
        title = f"{self._scene.title}: ms from an item's last character to the client (logarithmic), by item"
        yield words(MARGIN, top + 14, title, weight=600)
        for y, name in scale.powers():
            yield rule(_LEFT, y, _RIGHT, y)
            yield words(_LEFT - 8, y + 4, name, anchor="end")
        for number in range(self._scene.bullets):
            yield words(self._x(number), low + 18, str(number + 1), anchor="middle")
        for peer, curve in self._curves:
            yield self._curve(peer, [scale(lag) for lag in curve])
        yield from _names({peer.title: scale(curve[-1]) for peer, curve in self._curves})

    def _x(self, number: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * number / max(1, self._scene.bullets - 1)

    def _curve(self, peer: Peer, heights: list[float]) -> str:
        points = " ".join(f"{self._x(number):.1f},{y:.1f}" for number, y in enumerate(heights))
        dash = ' stroke-dasharray="4 3"' if peer.kind == "floor" else ""
        return f'<polyline points="{points}" fill="none" stroke="{COLOURS[peer.kind]}" stroke-width="2"{dash}/>'


def _curves(figures: Figures, scene: Scene) -> Iterator[tuple[Peer, list[float]]]:
    """Each peer's lags by item, in milliseconds: medians over the rounds."""
    for peer in PEERS:
        rounds = [trial.lag.by_item for trial in figures.of(peer.name, scene.name) if trial.lag]
        if rounds:
            yield peer, [max(_LEAST_MS, median(item) * 1e3) for item in zip(*rounds, strict=True)]


def _names(ends: dict[str, float]) -> Iterator[str]:
    """Each beside the end of its curve, and no two on each other."""
    lowest = -math.inf
    for title, y in sorted(ends.items(), key=lambda each: each[1]):
        lowest = max(y + 4, lowest + _LINE)
        yield words(_RIGHT + 8, lowest, title)
