"""What the built-in model really wrote of examples/lighthouse.txt (2026-11-22), held against it."""

from pathlib import Path

import pytest

from streamsum.core.evidence import Evidence
from streamsum.core.source import Source

TEXT = (Path(__file__).parent.parent / "examples" / "lighthouse.txt").read_text(encoding="utf-8")

TRUE = [
    "The Eddystone Rocks lie fourteen miles south-west of Plymouth, and at high water they are hidden by a few feet of "
    "sea.",
    "Henry Winstanley built the first lighthouse in 1698 using wooden beams.",
    "Henry Winstanley was so sure of his work that he wished to be inside the tower during the greatest storm there "
    "ever was.",
    "John Smeaton was the first who called himself a civil engineer. He gave the third tower the shape of an oak "
    "tree's trunk, wide at the foot, and cut its granite blocks so that each locked into its neighbours.",
    "John Smeaton was the first to call himself a civil engineer.",
]
FALSE_NUMBERS = [
    "The second tower built by John Rudolphd in 1759 is now standing beside the first one.",
    "The second tower built by John Rudolphd in 1759 is still standing today.",
    "The second tower, built by John Rudolphd, is a cone of oak around a core of stone and brick, and stands for "
    "forty-six years until a candle was thrown over it in 1759.",
    "James Douglass finished a new tower beside the Eddystone Rocks in 1882 using only two hundred and fifty six "
    "wooden beams, while the people paid to have the upper part of Smeaton's tower rebuilt on the Hoe.",
]
INVENTIONS = [
    "James Douglass finished a new tower on the Hoe in 1882 with twenty-four candles. He paid to rebuild the upper "
    "part of the Eddystone Rocks, and it would be standing there still today.",
    "The second tower is built on top of the first by John Rudolphd in 1759 with twenty-four candles.",
]


# A sentence made of pieces of the text, with no name and no number that it does not have.
MISSED = [
    "James Douglass finished the third tower on Plymouth in 1882 with twenty-four candles, making it the tallest "
    "lighthouse ever built.",
]


@pytest.mark.parametrize("bullet", TRUE)
def test_what_is_true_passes(bullet: str) -> None:
    """With the words that support it."""
    finding = Evidence(Source(TEXT)).find(bullet)
    assert finding.supported
    assert finding.numbers_hold
    assert finding.spans


@pytest.mark.parametrize(
    "bullet",
    [
        *FALSE_NUMBERS,
        *INVENTIONS,
        *(pytest.param(each, marks=pytest.mark.xfail(reason="a known miss")) for each in MISSED),
    ],
)
def test_what_is_false_is_caught(bullet: str) -> None:
    """A year that belongs to another tower, a name that nobody has, a story that nobody told."""
    finding = Evidence(Source(TEXT)).find(bullet)
    assert not (finding.supported and finding.numbers_hold)
