"""Quantities as people write them."""

import pytest

from benchmarks.load.quantities import Kind, read_quantity, show_quantity


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("500ms", "time", 0.5),
        (" 2s ", "time", 2),
        ("1.5m", "time", 90),
        ("3", "time", 3),
        ("5%", "share", 0.05),
        ("0.05", "share", 0.05),
        ("12", "number", 12),
    ],
)
def test_a_quantity_is_read_in_its_unit(text: str, kind: Kind, value: float) -> None:
    """Seconds, a part of 1, or plainly; without a unit it is that already."""
    assert read_quantity(text, kind) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5%", "time"),
        ("2s", "share"),
        ("2s", "number"),
        ("-1", "number"),
        ("", "time"),
        ("1e3", "time"),
        ("nan", "time"),
    ],
)
def test_what_is_no_such_quantity_is_refused(text: str, kind: Kind) -> None:
    """With an example of what is."""
    with pytest.raises(ValueError, match=rf"is no {kind}: write \d"):
        read_quantity(text, kind)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(0.3124, "time", "312.4 ms"), (3.2, "time", "3.2 s"), (0.0512, "share", "5.12 %"), (12.0, "number", "12")],
)
def test_a_quantity_is_shown_with_its_unit(value: float, kind: Kind, text: str) -> None:
    """In few figures."""
    assert show_quantity(value, kind) == text
