"""All peers through all scenes, in turns: in each round every peer meets every scene once, beside the others."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.process import DidNotStart, on_core
from benchmarks.peers.results import Trial
from benchmarks.peers.scenes import Scene
from benchmarks.peers.starting import Model, model_on, service_on
from benchmarks.peers.trial import LIMIT_S, Running, try_out

# Who needs so much longer than one that keeps up is far off: once is enough, the other rounds shall not wait.
SLOW_S = 20.0


class TooFewCores(Exception):
    """The service, and what drives it, need a core each."""


@dataclass(slots=True, kw_only=True)
class Rounds:
    """One comparison. `tell` hears of each trial as soon as it is over."""

    peers: Sequence[Peer]
    scenes: Sequence[Scene]
    rounds: int
    tell: Callable[[Trial], None]
    slow_s: float = SLOW_S
    limit_s: float = LIMIT_S
    trials: list[Trial] = field(default_factory=list)

    def play(self) -> None:
        """All rounds. Services live through all the scenes of one. Raises TooFewCores."""
        with _two_cores() as (service_core, driver_core):
            for number in range(self.rounds):
                with ExitStack() as stack:
                    model = stack.enter_context(model_on(driver_core))
                    services = list(self._start_all(stack, service_core, model, number))
                    for scene in self.scenes:
                        self._play_scene(scene, services, number)

    def _start_all(self, stack: ExitStack, core: int, model: Model, number: int) -> Iterator[Running]:
        """Who goes first differs from round to round: a slow phase of the machine must not always hit the same.

        One that does not start, or whose answers are wrong, fails in all scenes; the others go on.
        """
        turn = number % len(self.peers)
        for peer in [*self.peers[turn:], *self.peers[:turn]]:
            try:
                yield stack.enter_context(service_on(core, peer, model))
            except DidNotStart as error:
                for scene in filter(peer.plays, self.scenes):
                    self._note(Trial(peer=peer.name, scene=scene.name, round=number, failure=_said(error)))

    def _play_scene(self, scene: Scene, services: Sequence[Running], number: int) -> None:
        for service in services:
            if service.peer.plays(scene) and not self._was_slow(service.peer, scene):
                self._note(asyncio.run(try_out(service, scene, in_round=number, limit_s=self.limit_s)))

    def _was_slow(self, peer: Peer, scene: Scene) -> bool:
        earlier = (each for each in self.trials if (each.peer, each.scene) == (peer.name, scene.name))
        return any(each.wall_s >= min(scene.nominal_s + self.slow_s, self.limit_s) for each in earlier)

    def _note(self, trial: Trial) -> None:
        self.trials.append(trial)
        self.tell(trial)


def _said(error: DidNotStart) -> str:
    """In one line; what the process wrote before it ended is in the notes, and its last line says most."""
    last = [note.strip().splitlines()[-1] for note in getattr(error, "__notes__", ()) if note.strip()]
    return ": ".join(["did not start", str(error), *last])


@contextmanager
def _two_cores() -> Iterator[tuple[int, int]]:
    """One for the services; one for the model and this process, which stays there as long."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise TooFewCores("two cores are needed: one for the service, one for the model and the client")
    with on_core(cores[1]):
        yield cores[0], cores[1]
