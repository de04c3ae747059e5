"""A panel of the picture: what a chunk costs each peer in one scene."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.figures import Figures
from benchmarks.peers.scenes import Scene
from benchmarks.peers.svg import COLOURS, MARGIN, NAMES, WIDTH, LogScale, rule, words

_BAR, _STEP, _HEAD, _FOOT = 15, 20, 28, 40
_LEFT, _RIGHT = MARGIN + NAMES, WIDTH - MARGIN - 50


class Bars:
    """Its height is known before it is drawn."""

    def __init__(self, figures: Figures, scene: Scene) -> None:
        found = [(peer, figures.median(peer.name, scene.name, lambda trial: trial.cpu_a_chunk_us)) for peer in PEERS]
        self._bars = [(peer, value) for peer, value in found if value is not None]
        self._scene = scene
        self.height = _HEAD + len(self._bars) * _STEP + _FOOT if self._bars else 0

    def draw(self, top: float) -> Iterator[str]:
        """From `top` down."""
        if not self._bars:
            return
        first, last = top + _HEAD, top + _HEAD + len(self._bars) * _STEP
        scale = LogScale.over([value for _, value in self._bars], start=_LEFT, end=_RIGHT)
        yield words(MARGIN, top + 14, f"{self._scene.title}: µs of CPU a chunk (logarithmic)", weight=600)
        for x, name in scale.powers():
            yield rule(x, first - 4, x, last)
            yield words(x, last + 12, name, anchor="middle")
        for place, (peer, value) in enumerate(self._bars):
            yield from _bar(peer, value, scale(value) - _LEFT, first + place * _STEP)


def _bar(peer: Peer, value: float, length: float, y: float) -> Iterator[str]:
    yield words(_LEFT - 8, y + _BAR - 3, peer.title, anchor="end")
    yield f'<rect x="{_LEFT}" y="{y:.1f}" width="{max(length, 1):.1f}" height="{_BAR}" fill="{COLOURS[peer.kind]}"/>'
    yield words(_LEFT + length + 6, y + _BAR - 3, f"{value:,.3g}")
