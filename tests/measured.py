"""Trials as if they had been measured, for the tests of what is made of them."""

from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.results import Lag, Results, Trial
from benchmarks.peers.scenes import SCENES

# Microseconds of CPU a chunk.
COSTS = {"streamsum": 10.0, "passthrough": 5.0, "nginx": 1.0, "pydantic-ai": 2_500.0}


def trial(peer: str, scene: str = "short", *, cost: float, number: int = 0, lag_ms: float = 1.0) -> Trial:
    """One of 1,000 chunks, whose items came after 1, 2, 3 … times the lag."""
    lag = Lag.of([[lag_ms * place / 1e3 for place in range(1, 11)]])
    return Trial(
        peer=peer,
        scene=scene,
        round=number,
        summaries=2,
        chunks=1_000,
        items=10,
        late_items=1,
        wall_s=2.0,
        cpu_s=cost * 1_000 / 1e6,
        idle_pss=60_000_000,
        open_pss=70_000_000,
        peak_rss=80_000_000,
        lag=lag,
        arrival_by_item=[place / 10 for place in range(1, 11)],
    )


def results(*trials: Trial) -> Results:
    """Of these; or of some peers in all scenes, two rounds, in which the machine is at half its speed in the second."""
    every = trials or tuple(
        trial(peer, scene.name, cost=cost * (number + 1), number=number)
        for scene in SCENES
        for number in range(2)
        for peer, cost in COSTS.items()
    )
    return Results(
        date="2026-11-22T12:00:00+00:00",
        took_s=120.0,
        machine={"processor": "Test", "cores": 2, "memory_gib": 4, "system": "Debian", "kernel": "6"},
        versions={each.name: {"python": "3.11"} for each in PEERS if each.name in COSTS},
        left_out={"vercel": "there is none"},
        trials=list(every),
    )
