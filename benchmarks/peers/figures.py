"""What was measured -> what is shown: a peer's figures in a scene, and its ratio to another's.

A figure is the median over the rounds. A ratio is made within each round, where both met the machine in the same mood,
and then the median is taken: it is sturdier than either figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.peers.results import Trial

Figure = Callable[[Trial], float]


class Figures:
    """All trials of a comparison, to be asked about."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._trials = trials

    def of(self, peer: str, scene: str) -> list[Trial]:
        """Its trials that were not a failure, by round."""
        return [each for each in self._trials if (each.peer, each.scene) == (peer, scene) and each.failure is None]

    def failure(self, peer: str, scene: str) -> str | None:
        """Why there is a trial less, if there is."""
        return next(
            (each.failure for each in self._trials if (each.peer, each.scene) == (peer, scene) and each.failure), None
        )

    def median(self, peer: str, scene: str, figure: Figure) -> float | None:
        """Over the rounds; `None` where there is none."""
        found = [figure(each) for each in self.of(peer, scene)]
        return median(found) if found else None

    def ratio(self, peer: str, other: str, scene: str) -> float | None:
        """How many times the CPU a chunk that the other takes; `None` where they did not meet."""
        return self.compared(peer, other, scene, lambda one, two: one.cpu_a_chunk_us / two.cpu_a_chunk_us)

    def compared(self, peer: str, other: str, scene: str, compare: Callable[[Trial, Trial], float]) -> float | None:
        """The median over the rounds in which both have a trial of that scene."""
        others = {each.round: each for each in self.of(other, scene)}
        found = [compare(each, others[each.round]) for each in self.of(peer, scene) if each.round in others]
        return median(found) if found else None
