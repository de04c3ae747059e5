"""All peers through all scenes, in turns: in each round every peer meets every scene once, beside the others."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.environments import ROOT, Address
from benchmarks.peers.process import DidNotStart, first_line, free_port, running, wait_for
from benchmarks.peers.results import Trial
from benchmarks.peers.scenes import WARM_UP, Scene
from benchmarks.peers.trial import Running, try_out

Tell = Callable[[Trial], None]


class TooFewCores(Exception):
    """The service and what drives it need a core each."""


def play(peers: Sequence[Peer], scenes: Sequence[Scene], *, rounds: int, tell: Tell) -> list[Trial]:
    """All trials. The services of a round live through all of its scenes, and each round starts them anew."""
    service_core, driver_core = _cores()
    found: list[Trial] = []
    for round in range(rounds):
        with ExitStack() as stack:
            model_pid, model_port = stack.enter_context(_model(driver_core))
            services = [stack.enter_context(_service(peer, service_core, model_pid, model_port)) for peer in peers]
            for scene in scenes:
                # Who goes first differs from round to round: a slow phase of the machine must not always hit the same.
                turn = round % len(services)
                for service in [*services[turn:], *services[:turn]]:
                    trial = asyncio.run(try_out(service, scene, round=round))
                    tell(trial)
                    found.append(trial)
    return found


def _cores() -> tuple[int, int]:
    """One for the services, one for the model and this process, which moves there."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise TooFewCores("two cores are needed: one for the service, one for the model and the client")
    os.sched_setaffinity(0, {cores[1]})
    return cores[0], cores[1]


@contextmanager
def _model(core: int) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "benchmarks.peers.upstream"]
    with running(command, core=core, environment={}, folder=ROOT) as process:
        yield process.pid, int(first_line(process))


@contextmanager
def _service(peer: Peer, core: int, model_pid: int, model_port: int) -> Iterator[Running]:
    """Started, warm, and its answers right."""
    address = Address(port=free_port(), model_port=model_port)
    command = peer.environment.command(address)
    with running(command, core=core, environment=address.variables, folder=ROOT) as process:
        wait_for(address.port, process)
        service = Running(peer, process.pid, address.port, model_pid, model_port)
        warm = asyncio.run(try_out(service, WARM_UP, round=-1))
        if warm.failure:
            raise DidNotStart(f"{peer.name} failed its warm-up: {warm.failure}")
        yield service
