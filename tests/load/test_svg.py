"""Plots as SVG: they are XML, in their frame, and their axes are round."""

from xml.etree import ElementTree

import pytest

from benchmarks.load.svg import HEIGHT, WIDTH, Axis, Plot, linear_axis


@pytest.mark.parametrize(
    ("high", "scale", "last", "words"),
    [
        (0.73, 1000, 0.8, ["0", "200", "400", "600", "800"]),
        (5, 1, 5, ["0", "1", "2", "3", "4", "5"]),
        (0.0002, 1000, 0.0002, ["0", "0.05", "0.1", "0.15", "0.2"]),
        (123456, 1, 150000, ["0", "50000", "100000", "150000"]),
        (0, 1, 0.2, ["0", "0.2"]),
    ],
)
def test_axes_have_round_marks(high: float, scale: float, last: float, words: list[str]) -> None:
    """From 0 to the first mark beyond what there is; in the axis's own unit."""
    axis = linear_axis("ms", high, scale=scale)
    assert axis.high == pytest.approx(last)
    assert [each for _, each in axis.ticks] == words
    assert axis.high >= high


def test_nothing_is_drawn_outside_the_frame() -> None:
    """Values beyond an axis stand at its end."""
    plot = Plot(linear_axis("x", 10), linear_axis("y", 10), title="t")
    plot.line([(-5, -5), (5, 5), (50, 50)], 0, label="l")
    plot.dots([(-1, 99)], 1)
    root = ElementTree.fromstring(plot.text())  # noqa: S314 - ours
    (line,) = root.iter("polyline")
    points = [tuple(map(float, each.split(","))) for each in (line.get("points") or "").split()]
    assert points[0] < points[1] < points[2]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[0][1] > points[1][1] > points[2][1], "up is more"
    (dot,) = root.iter("circle")
    assert (dot.get("class"), float(dot.get("cx") or 0)) == ("dot s1", points[0][0])


def test_words_are_escaped() -> None:
    """Titles, names, labels: markup in them is text."""
    plot = Plot(Axis("<x>", 0, 1, [(0, "<0>")]), Axis("&", 0, 1, []), title='"<t>')
    plot.line([(0, 0)], 0, label="<l>")
    plot.bar(0, 1, 0.5, kind="wait", label="</line>")
    root = ElementTree.fromstring(plot.text())  # noqa: S314 - ours
    assert root.get("aria-label") == '"<t>'
    assert {"<x>", "<0>", "&", "<l>", "</line>"} <= {each.text for each in root.iter() if each.text}
