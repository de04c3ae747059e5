"""One peer through one scene: asked, listened to, measured, and its answers checked."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic, process_time
from typing import Any

from benchmarks.peers import meter
from benchmarks.peers.answers import answer
from benchmarks.peers.asking import ask
from benchmarks.peers.catalogue import Peer
from benchmarks.peers.client import BadAnswer, Exchange
from benchmarks.peers.deliveries import WrongAnswer, arrivals
from benchmarks.peers.results import Lag, Trial, by_item, percentile
from benchmarks.peers.scenes import Scene

# Whoever needs longer for a scene has failed it: one that keeps up takes 13 s for the longest.
LIMIT_S = 240.0
# An item that comes later than this after its closing character was held back, or waited in a queue.
LATE_S = 0.1
# After the last byte a service still closes, logs and forgets: that is its cost, too.
SETTLE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service and the model, as processes that listen on 127.0.0.1."""

    peer: Peer
    pid: int
    core: int
    port: int
    model_pid: int
    model_port: int


async def try_out(running: Running, scene: Scene, *, in_round: int, limit_s: float = LIMIT_S) -> Trial:
    """Put the service through the scene; a failure is a result, too."""
    trial = Trial(peer=running.peer.name, scene=scene.name, round=in_round)
    answered: list[Exchange] = []
    try:
        async with asyncio.timeout(limit_s):
            return await _measure(running, scene, trial, answered)
    except TimeoutError:
        failure = f"not done after {limit_s:g} s, with {len(answered)} summaries"
        return replace(trial, wall_s=limit_s, failure=failure)
    except (BadAnswer, WrongAnswer, OSError) as error:
        return replace(trial, failure=f"{type(error).__name__}: {error}")


async def _measure(running: Running, scene: Scene, trial: Trial, exchanges: list[Exchange]) -> Trial:
    """All figures of one trial; `exchanges` is filled on the way."""
    await asyncio.to_thread(_played, running.model_port)  # what it played to others is forgotten
    idle = meter.memory(running.pid)
    meter.forget_peak(running.pid)
    looking = asyncio.create_task(_look_at_half_time(meter.tree(running.pid), scene))
    with _no_collector():
        before = _Clocks.read(running)
        await ask(running.peer, running.port, scene, answered=exchanges)
        wall_s = monotonic() - before.wall_s
        await asyncio.sleep(SETTLE_S)
        spent = _Clocks.read(running).since(before)
    peak = meter.memory(running.pid).peak
    played = await asyncio.to_thread(_played, running.model_port)
    if played["calls"] != len(exchanges):
        raise WrongAnswer(f"{played['calls']} calls of the model for {len(exchanges)} summaries")
    measured = replace(
        trial,
        summaries=len(exchanges),
        wall_s=wall_s,
        cpu_s=spent.service_s,
        idle_pss=idle.pss,
        open_pss=await looking,
        peak_rss=peak,
        driver_busy=spent.driver_s / spent.wall_s,
        others_busy=max(0.0, spent.core_s - spent.service_s) / spent.wall_s,
        model_late_p99_s=percentile(sorted(played["late_s"]), 99) if played["late_s"] else 0.0,
    )
    return _with_items(measured, running.peer, scene, exchanges, played["closings"])


def _with_items(
    trial: Trial, peer: Peer, scene: Scene, exchanges: Sequence[Exchange], closings: dict[str, list[float]]
) -> Trial:
    """The trial, with what was delivered and when. Raises WrongAnswer."""
    wanted = answer(tokens=scene.tokens, bullets=scene.bullets, key=peer.key)
    lags, waits = [], []
    for exchange in exchanges:
        times = arrivals(exchange, peer.form, wanted)
        lags.append([there - closed for there, closed in zip(times, closings[str(exchange.number)], strict=True)])
        waits.append([there - exchange.started for there in times])
    return replace(
        trial,
        chunks=len(exchanges) * len(wanted.pieces),
        items=sum(map(len, lags)),
        late_items=sum(lag > LATE_S for summary in lags for lag in summary),
        lag=Lag.of(lags),
        arrival_by_item=by_item(waits),
    )


@dataclass(frozen=True, slots=True)
class _Clocks:
    """All in seconds: the wall's, the service's CPU, the model's and our own, and how long its core was busy."""

    wall_s: float
    service_s: float
    driver_s: float
    core_s: float

    @classmethod
    def read(cls, running: Running) -> _Clocks:
        return cls(
            wall_s=monotonic(),
            service_s=meter.cpu_s(running.pid),
            # Our own, not that of our children, the services.
            driver_s=meter.cpu_s(running.model_pid) + process_time(),
            core_s=meter.core_busy_s(running.core),
        )

    def since(self, before: _Clocks) -> _Clocks:
        return _Clocks(
            self.wall_s - before.wall_s,
            self.service_s - before.service_s,
            self.driver_s - before.driver_s,
            self.core_s - before.core_s,
        )


async def _look_at_half_time(pids: Sequence[int], scene: Scene) -> int:
    """What the service holds while all streams are open: PSS in bytes. At full speed there is no such moment: 0."""
    if not scene.pace:
        return 0
    await asyncio.sleep(scene.ramp_s + scene.tokens / scene.pace / 2)
    return await asyncio.to_thread(meter.pss, pids)  # the clients go on reading meanwhile


@contextmanager
def _no_collector() -> Iterator[None]:
    """A collection would walk through every read that is kept, and stop the clients' clock for as long."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _played(port: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/played")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()
