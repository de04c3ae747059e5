"""An exception by its type and its place."""

import pytest

from streamsum.telemetry import whereabouts


def test_an_exception_is_told_by_its_type_and_its_place() -> None:
    """Not by its words."""
    with pytest.raises(KeyError) as raised:
        raise KeyError("xyzzy-canary")
    said = whereabouts(raised.value)
    assert said.startswith("KeyError at test_exceptions.py:")
    assert "canary" not in said


def test_only_the_nearest_places_are_told() -> None:
    """A line in the log, however deep it was."""

    def dig(depth: int) -> None:
        if depth == 0:
            raise ValueError
        dig(depth - 1)

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - it says nothing
        dig(50)
    assert whereabouts(raised.value).count(" > ") == 3


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    """Its type is still told."""
    assert whereabouts(ValueError()) == "ValueError"
