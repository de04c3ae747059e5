"""benchmarks/peers: whole comparisons, with real services, over scenes that are over in a moment."""

import os
from dataclasses import replace

import pytest

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.environments import OwnPython
from benchmarks.peers.figures import Figures
from benchmarks.peers.results import Trial
from benchmarks.peers.rounds import Rounds
from benchmarks.peers.scenes import Scene

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="the service, and what drives it, need a core each"
)

OURS, PASSTHROUGH = (next(each for each in PEERS if each.name == name) for name in ("streamsum", "passthrough"))
FULL = Scene(name="full", title="full speed", tokens=60, bullets=3, streams=2, least=4)
PACED = Scene(name="paced", title="at pace", tokens=60, bullets=3, pace=200, streams=3, ramp_s=0.05)


def play(
    peers: list[Peer], scenes: list[Scene], *, rounds: int = 1, slow_s: float = 20, limit_s: float = 20
) -> list[Trial]:
    told: list[Trial] = []
    Rounds(peers=peers, scenes=scenes, rounds=rounds, tell=told.append, slow_s=slow_s, limit_s=limit_s).play()
    return told


def test_ours_and_a_floor_from_end_to_end() -> None:
    """Both deliver every item in every scene, and what they cost is known."""
    before = os.sched_getaffinity(0)
    trials = play([OURS, PASSTHROUGH], [FULL, PACED])
    assert os.sched_getaffinity(0) == before
    assert [(each.scene, each.peer) for each in trials] == [
        ("full", "streamsum"),
        ("full", "passthrough"),
        ("paced", "streamsum"),
        ("paced", "passthrough"),
    ]
    for each in trials:
        assert each.failure is None
        assert each.summaries == (4 if each.scene == "full" else 3)
        assert each.items == 3 * each.summaries
        assert each.arrival_by_item == sorted(each.arrival_by_item)
        assert each.chunks == 64 * each.summaries
        assert each.cpu_s > 0
        assert each.lag is not None
        assert 0 < each.lag.p50 <= each.lag.p99 <= each.lag.worst < 20
        assert 20 << 20 < each.idle_pss < each.peak_rss < 500 << 20
    assert trials[2].wall_s >= 0.3  # as long as the model writes
    assert Figures(trials).ratio("streamsum", "passthrough", "paced")


def test_who_goes_first_takes_turns() -> None:
    """In the second round another; and one may take part in some scenes only, as the one with evidence does."""
    peers = [replace(PASSTHROUGH, name="one"), replace(PASSTHROUGH, name="two", only=("full",))]
    trials = play(peers, [FULL, PACED], rounds=2)
    played = [(each.round, each.scene, each.peer) for each in trials]
    assert played == [
        (0, "full", "one"),
        (0, "full", "two"),
        (0, "paced", "one"),
        (1, "full", "two"),
        (1, "full", "one"),
        (1, "paced", "one"),
    ]


def test_wrong_answers_and_services_that_do_not_start_are_failures() -> None:
    """Each says why, in every scene; the others go on."""
    liar = replace(PASSTHROUGH, name="liar", form="events")
    dead = replace(PASSTHROUGH, name="dead", environment=OwnPython(["-c", "raise SystemExit('nothing to run')"], []))
    trials = play([liar, dead, PASSTHROUGH], [FULL])
    failures = {each.peer: each.failure for each in trials}
    assert str(failures["liar"]).startswith("did not start: WrongAnswer")
    assert failures["dead"] == "did not start: it ended with 1: nothing to run"
    assert failures["passthrough"] is None


def test_a_slow_peer_plays_once() -> None:
    """In the rounds after that, the others do not wait for it."""
    trials = play([PASSTHROUGH], [PACED], rounds=2, slow_s=0)
    assert [each.round for each in trials] == [0]


def test_a_trial_has_a_limit() -> None:
    """What is not done by then has failed, and is not tried again."""
    trials = play([PASSTHROUGH], [replace(PACED, pace=1.0)], rounds=2, limit_s=0.5)
    assert [(each.round, each.failure) for each in trials] == [(0, "not done after 0.5 s, with 0 summaries")]
