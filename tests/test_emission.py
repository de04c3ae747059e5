"""How long bullets take to their listeners."""

import pytest

from streamsum.telemetry.emission import MAX_WAITING, Emission


@pytest.fixture
def lags() -> list[float]:
    return []


@pytest.fixture
def emission(lags: list[float]) -> Emission:
    return Emission(lags.append)


def test_the_first_live_listener_is_what_counts(emission: Emission, lags: list[float]) -> None:
    """The others are later for reasons of their own."""
    emission.begin("a", 2, now=10.0)
    emission.end("a", 2, now=10.25, since=9.0)
    emission.end("a", 2, now=17.0, since=9.0)
    assert lags == [0.25]


def test_a_replay_tells_nothing(emission: Emission, lags: list[float]) -> None:
    """Who came later, or listens to what another process wrote."""
    emission.begin("a", 2, now=10.0)
    emission.end("a", 2, now=12.0, since=11.0)
    emission.end("b", 2, now=12.0, since=0.0)
    assert lags == []


def test_what_nobody_follows_makes_room(emission: Emission, lags: list[float]) -> None:
    """The oldest goes first."""
    for n in range(MAX_WAITING + 1):
        emission.begin("a", n, now=1.0)
    emission.end("a", 0, now=2.0, since=0.0)
    emission.end("a", MAX_WAITING, now=3.0, since=0.0)
    assert lags == [2.0]
