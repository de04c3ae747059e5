"""Which core each process runs on."""

import pytest

from benchmarks.load.cores import available_cores, pin_apart


@pytest.mark.parametrize(
    ("available", "words"),
    [
        ([3], "shared"),
        ([1, 0], "service 0, upstream 1, generator 1"),
        ([2, 4, 7], "service 2, upstream 4, generator 7"),
        ([0, 1, 2, 3], "service 0, upstream 1, generator 2,3"),
    ],
)
def test_the_service_is_alone(available: list[int], words: str) -> None:
    """Where there are two cores or more; users and model are apart, too, where there are three."""
    assert str(pin_apart(available)) == words


def test_the_generator_is_pinned_for_a_while() -> None:
    """To some of what it had; afterwards it has all of it again."""
    before = available_cores()
    cores = pin_apart(before)
    with cores.generator_pinned():
        assert set(available_cores()) == cores.generator
    assert available_cores() == before
