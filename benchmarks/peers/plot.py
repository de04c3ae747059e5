"""The figures as one picture, in plain SVG: CPU a chunk in each scene, and when item n arrives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from statistics import median

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.figures import Figures
from benchmarks.peers.results import Results
from benchmarks.peers.scenes import SCENES, Scene

WIDTH, BAR, GAP, LABEL, MARGIN = 880, 15, 5, 190, 24
_COLOURS = {"ours": "#0b7a4b", "library": "#b4532a", "floor": "#7b8794"}
_LINE_HEIGHT = 240
_PANEL_HEAD = 44


def plot(results: Results) -> str:
    """A whole SVG document."""
    figures = Figures(results.trials)
    parts: list[str] = []
    top = MARGIN
    for scene in SCENES:
        if bars := _bars(figures, scene):
            parts += _bar_panel(scene, bars, top)
            top += _PANEL_HEAD + len(bars) * (BAR + GAP) + MARGIN
    for scene in SCENES:
        if scene.pace and (lines := _lines(figures, scene)):
            parts += _line_panel(scene, lines, top)
            top += _PANEL_HEAD + _LINE_HEIGHT + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>', *parts, "</svg>", ""])


def _bars(figures: Figures, scene: Scene) -> list[tuple[Peer, float]]:
    found = [(peer, figures.median(peer.name, scene.name, lambda trial: trial.cpu_a_chunk_us)) for peer in PEERS]
    return [(peer, value) for peer, value in found if value is not None]


def _bar_panel(scene: Scene, bars: list[tuple[Peer, float]], top: float) -> Iterator[str]:
    """Bars on a logarithmic scale, from the power of ten below the least."""
    low = 10 ** math.floor(math.log10(min(value for _, value in bars)))
    high = max(value for _, value in bars)
    width = WIDTH - LABEL - 2 * MARGIN - 60
    yield _text(MARGIN, top + 14, f"{scene.title}: µs of CPU a chunk (logarithmic)", weight="600")
    for place, (peer, value) in enumerate(bars):
        y = top + _PANEL_HEAD - 16 + place * (BAR + GAP)
        length = max(2.0, width * math.log(value / low) / math.log(max(high / low, 1.1)))
        yield _text(MARGIN + LABEL - 8, y + BAR - 3, peer.title, anchor="end")
        yield f'<rect x="{MARGIN + LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{_COLOURS[peer.kind]}"/>'
        yield _text(MARGIN + LABEL + length + 6, y + BAR - 3, f"{value:,.3g}")


def _lines(figures: Figures, scene: Scene) -> list[tuple[Peer, list[float]]]:
    """Each peer's lags in milliseconds, by item: medians over the rounds."""
    found = []
    for peer in PEERS:
        rounds = [trial.lag.by_item for trial in figures.of(peer.name, scene.name) if trial.lag]
        if rounds:
            found.append((peer, [max(0.01, median(item) * 1e3) for item in zip(*rounds, strict=True)]))
    return found


def _line_panel(scene: Scene, lines: list[tuple[Peer, list[float]]], top: float) -> Iterator[str]:
    """Lag of item n, logarithmic, from the first to the last."""
    values = [value for _, line in lines for value in line]
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))
    left, right, bottom = MARGIN + 60, WIDTH - LABEL - MARGIN, top + _PANEL_HEAD + _LINE_HEIGHT - 24
    height = _LINE_HEIGHT - 40

    def y_of(value: float) -> float:
        return bottom - height * math.log(value / low) / math.log(high / low)

    yield _text(
        MARGIN, top + 14, f"{scene.title}: ms from an item's last character to the client, by item", weight="600"
    )
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        y = y_of(10.0**power)
        yield f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e7eb"/>'
        yield _text(left - 8, y + 4, f"{10.0**power:g}", anchor="end")
    for number in range(1, scene.bullets + 1):
        yield _text(
            left + (right - left) * (number - 1) / (scene.bullets - 1), bottom + 18, str(number), anchor="middle"
        )
    last_y = -math.inf
    for peer, line in sorted(lines, key=lambda each: y_of(each[1][-1])):
        points = " ".join(
            f"{left + (right - left) * place / (len(line) - 1):.1f},{y_of(value):.1f}"
            for place, value in enumerate(line)
        )
        dash = ' stroke-dasharray="4 3"' if peer.kind == "floor" else ""
        yield f'<polyline points="{points}" fill="none" stroke="{_COLOURS[peer.kind]}" stroke-width="2"{dash}/>'
        last_y = max(y_of(line[-1]) + 4, last_y + 13)  # names do not stand on each other
        yield _text(right + 8, last_y, peer.title)


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'
