"""One peer through one scene: asked, listened to, measured, and its answers checked."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import monotonic, process_time
from typing import Any

from benchmarks.peers import meter
from benchmarks.peers.answers import Order, answer
from benchmarks.peers.catalogue import Peer
from benchmarks.peers.client import BadAnswer, Client, Exchange, connect, post
from benchmarks.peers.deliveries import WrongAnswer, arrivals
from benchmarks.peers.results import Lag, Trial, percentile
from benchmarks.peers.scenes import Scene

# Whoever needs longer for a scene has failed it: the longest takes a fast one 14 s.
LIMIT_S = 120.0
# An item that comes later than this after its closing character was held back, or waited in a queue.
LATE_S = 0.1
# After the last byte a service still closes, logs and forgets: that is its cost, too.
SETTLE_S = 0.1
SOURCE = "The keeper of a light writes down what ships went by in every night of thirty years. " * 24

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Running:
    """A service and the model, as processes that listen."""

    peer: Peer
    pid: int
    port: int
    model_pid: int
    model_port: int


async def try_out(running: Running, scene: Scene, *, round: int) -> Trial:
    """Put the service through the scene; a failure is a result, too."""
    labels = {"peer": running.peer.name, "scene": scene.name, "round": round}
    await asyncio.to_thread(_played, running.model_port)  # what it played before is forgotten
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _measure(running, scene, labels)
    except TimeoutError:
        return Trial(**labels, failure=f"not done after {LIMIT_S:g} s")
    except (BadAnswer, WrongAnswer, OSError) as error:
        return Trial(**labels, failure=f"{type(error).__name__}: {error}")


async def _measure(running: Running, scene: Scene, labels: dict[str, Any]) -> Trial:
    idle = meter.memory(running.pid)
    meter.forget_peak(running.pid)
    looking = asyncio.create_task(_look_at_half_time(running.pid, scene))
    with _no_collector():
        driver_before, cpu_before, begun = _driver_cpu_s(running), meter.cpu_s(running.pid), monotonic()
        exchanges = await _ask_all(running, scene)
        ended = monotonic()
        driver_cpu = _driver_cpu_s(running) - driver_before
        await asyncio.sleep(SETTLE_S)
        cpu = meter.cpu_s(running.pid) - cpu_before
    played = await asyncio.to_thread(_played, running.model_port)
    wanted = answer(tokens=scene.tokens, bullets=scene.bullets, key=running.peer.key)
    lags = [
        [there - closed for there, closed in zip(times, played["closings"][str(each.number)], strict=True)]
        for each in exchanges
        for times in [arrivals(each, running.peer.form, wanted)]
    ]
    return Trial(
        **labels,
        summaries=len(exchanges),
        chunks=len(exchanges) * len(wanted.pieces),
        items=sum(map(len, lags)),
        late_items=sum(lag > LATE_S for summary in lags for lag in summary),
        wall_s=ended - begun,
        cpu_s=cpu,
        idle_pss=idle.pss,
        open_pss=await looking,
        peak_rss=meter.memory(running.pid).peak,
        lag=Lag.of(lags),
        driver_busy=driver_cpu / (ended - begun),
        model_late_p99_s=percentile(sorted(played["late_s"]), 99) if played["late_s"] else 0.0,
    )


def _driver_cpu_s(running: Running) -> float:
    """The model's and our own: not that of our children, the services."""
    return meter.cpu_s(running.model_pid) + process_time()


async def _ask_all(running: Running, scene: Scene) -> list[Exchange]:
    clients = [await connect(running.port) for _ in range(scene.streams)]
    try:
        if scene.pace:
            asking = [
                _ask_once(client, running.peer, scene, after=scene.ramp_s * place / scene.streams)
                for place, client in enumerate(clients)
            ]
        else:
            left = iter(_until(scene))
            asking = [_ask_on(client, running.peer, scene, left) for client in clients]
        return [exchange for some in await asyncio.gather(*asking) for exchange in some]
    finally:
        for client in clients:
            client.close()


def _until(scene: Scene) -> Iterator[None]:
    """One turn for each summary that is still to be begun."""
    end = monotonic() + scene.seconds
    for number in count():
        if number >= scene.least and monotonic() >= end:
            return
        yield None


async def _ask_once(client: Client, peer: Peer, scene: Scene, *, after: float) -> list[Exchange]:
    await asyncio.sleep(after)
    return [await _ask(client, peer, scene)]


async def _ask_on(client: Client, peer: Peer, scene: Scene, left: Iterator[None]) -> list[Exchange]:
    return [await _ask(client, peer, scene) for _ in left]


async def _ask(client: Client, peer: Peer, scene: Scene) -> Exchange:
    exchange = Exchange(next(_numbers))
    order = Order(tokens=scene.tokens, bullets=scene.bullets, pace=scene.pace, key=peer.key, number=exchange.number)
    sizes = {"max_bullets": scene.bullets, "max_bullet_chars": scene.max_bullet_chars}
    await client.ask(exchange, post(peer.path, {"text": f"{order} {SOURCE}", **sizes, **peer.extra}))
    return exchange


async def _look_at_half_time(pid: int, scene: Scene) -> int:
    """What the service holds when all streams are open: PSS in bytes. At full speed there is no such moment: 0."""
    if not scene.pace:
        return 0
    await asyncio.sleep(scene.ramp_s + scene.tokens / scene.pace / 2)
    return meter.memory(pid).pss


@contextmanager
def _no_collector() -> Iterator[None]:
    """The garbage collector of the client's process walks through every read that is kept: it would stop the clock."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _played(port: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/played")
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found
