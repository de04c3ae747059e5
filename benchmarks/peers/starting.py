"""A model and services that run: each on its core, listening, and warm."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.peers.catalogue import Peer
from benchmarks.peers.environments import ROOT, Address
from benchmarks.peers.process import DidNotStart, free_port, running, wait_for
from benchmarks.peers.scenes import WARM_UP
from benchmarks.peers.trial import Running, try_out


@dataclass(frozen=True, slots=True)
class Model:
    """It listens on 127.0.0.1."""

    pid: int
    port: int


@contextmanager
def model_on(core: int) -> Iterator[Model]:
    """The model's side, for all services of a round. Raises DidNotStart."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.model"]
    with running(command, core=core, environment={"PORT": str(port)}, folder=ROOT) as process:
        wait_for(port, process)
        yield Model(process.pid, port)


@contextmanager
def service_on(core: int, peer: Peer, model: Model) -> Iterator[Running]:
    """A peer, after some summaries that were right. Raises DidNotStart."""
    address = Address(port=free_port(), model_port=model.port)
    command = peer.environment.command(address)
    with running(command, core=core, environment=address.variables, folder=ROOT) as process:
        wait_for(address.port, process)
        service = Running(
            peer=peer, pid=process.pid, core=core, port=address.port, model_pid=model.pid, model_port=model.port
        )
        warm = asyncio.run(try_out(service, WARM_UP, in_round=-1))
        if warm.failure:
            raise DidNotStart(warm.failure)
        yield service
