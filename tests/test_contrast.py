"""core/contrast.py: words that turn a statement around."""

import pytest

from streamsum.core.contrast import denied, is_negated, oppose
from streamsum.core.folding import fold


@pytest.mark.parametrize(
    "text", ["It was not lit", "It wasn't lit", "Nobody came", "Niemand kam", "Il ne vient pas", "não é"]
)
def test_a_negation_is_seen(text: str) -> None:
    """In several languages."""
    assert is_negated(fold(text).split())
    assert not is_negated(fold("It was lit in November").split())


@pytest.mark.parametrize(
    ("one", "other"),
    [("Profit rose.", "Profit fell."), ("The grant was approved.", "The grant was rejected."), ("avant", "après")],
)
def test_opposites_oppose(one: str, other: str) -> None:
    """Either way round; but not where both texts have both."""
    ones, others = fold(one).split(), fold(other).split()
    assert oppose(ones, others)
    assert oppose(others, ones)
    assert not oppose(ones, ones)
    assert not oppose(ones + others, others)


def test_what_is_denied_stands_right_behind() -> None:
    """Two words of it."""
    assert denied(["it", "was", "not", "driven", "by", "hand"]) == {"driven", "by"}
