"""All peers through all scenes, in turns: in each round every peer meets every scene once, beside the others."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.environments import ROOT, Address
from benchmarks.peers.process import DidNotStart, first_line, free_port, running, wait_for
from benchmarks.peers.results import Trial
from benchmarks.peers.scenes import WARM_UP, Scene
from benchmarks.peers.trial import Running, try_out

# Who needs longer than this for a scene is so far off that once is enough: the others' rounds shall not wait for it.
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
    trials: list[Trial] = field(default_factory=list)

    def play(self) -> None:
        """All rounds. Services live through all the scenes of one. Raises TooFewCores."""
        service_core, driver_core = _two_cores()
        for number in range(self.rounds):
            with ExitStack() as stack:
                model = stack.enter_context(_model(driver_core))
                services = [
                    service
                    for peer in self._turn(number)
                    if (service := self._start(stack, peer, service_core, model, number))
                ]
                for scene in self.scenes:
                    self._play_scene(scene, services, number)

    def _start(self, stack: ExitStack, peer: Peer, core: int, model: _Model, number: int) -> Running | None:
        """One that does not start, or gives wrong answers, fails in all scenes; the others go on."""
        try:
            return stack.enter_context(_service(peer, core, model))
        except DidNotStart as error:
            for scene in self.scenes:
                self._note(Trial(peer=peer.name, scene=scene.name, round=number, failure=_said(error)))
            return None

    def _turn(self, number: int) -> list[Peer]:
        """Who goes first differs from round to round: a slow phase of the machine must not always hit the same."""
        turn = number % len(self.peers)
        return [*self.peers[turn:], *self.peers[:turn]]

    def _play_scene(self, scene: Scene, services: Sequence[Running], number: int) -> None:
        for service in services:
            if self._may_play(service.peer, scene):
                self._note(asyncio.run(try_out(service, scene, in_round=number)))

    def _note(self, trial: Trial) -> None:
        self.trials.append(trial)
        self.tell(trial)

    def _may_play(self, peer: Peer, scene: Scene) -> bool:
        was_slow = any(
            (each.peer, each.scene) == (peer.name, scene.name) and each.wall_s > SLOW_S for each in self.trials
        )
        return not was_slow and (not peer.only or scene.name in peer.only)


def _said(error: DidNotStart) -> str:
    """In one line; what the process wrote before it ended is in the notes, and its last line says most."""
    last = [note.strip().splitlines()[-1] for note in getattr(error, "__notes__", ()) if note.strip()]
    return ": ".join(["did not start", str(error), *last])


def _two_cores() -> tuple[int, int]:
    """One for the services; one for the model and this process, which moves there."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise TooFewCores("two cores are needed: one for the service, one for the model and the client")
    os.sched_setaffinity(0, {cores[1]})
    return cores[0], cores[1]


@dataclass(frozen=True, slots=True)
class _Model:
    pid: int
    port: int


@contextmanager
def _model(core: int) -> Iterator[_Model]:
    with running([sys.executable, "-m", "benchmarks.peers.model"], core=core, environment={}, folder=ROOT) as process:
        yield _Model(process.pid, int(first_line(process)))


@contextmanager
def _service(peer: Peer, core: int, model: _Model) -> Iterator[Running]:
    """Started, warm, and its answers right."""
    address = Address(port=free_port(), model_port=model.port)
    command = peer.environment.command(address)
    with running(command, core=core, environment=address.variables, folder=ROOT) as process:
        wait_for(address.port, process)
        service = Running(
            peer=peer, pid=process.pid, core=core, port=address.port, model_pid=model.pid, model_port=model.port
        )
        warm = asyncio.run(try_out(service, WARM_UP, in_round=-1))
        if warm.failure:
            raise DidNotStart(f"{peer.name} failed its warm-up: {warm.failure}")
        yield service
