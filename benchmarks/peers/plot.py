"""The figures as one picture, in plain SVG: CPU a chunk in each scene, and when item n arrives."""

from __future__ import annotations

from benchmarks.peers.bars import Bars
from benchmarks.peers.curves import Curves
from benchmarks.peers.figures import Figures
from benchmarks.peers.results import Results
from benchmarks.peers.scenes import SCENES
from benchmarks.peers.svg import MARGIN, WIDTH


def plot(results: Results) -> str:
    """A whole SVG document."""
    figures = Figures(results.trials)
    parts: list[str] = []
    height = MARGIN
    panels: list[Bars | Curves] = [Bars(figures, scene) for scene in SCENES]
    panels += [Curves(figures, scene) for scene in SCENES]
    for panel in panels:
        parts += panel.draw(height)
        height += panel.height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])
