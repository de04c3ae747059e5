"""The clients of one trial: at pace side by side, once; at full speed one after the other, until the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from time import monotonic

from benchmarks.peers.answers import Order, source
from benchmarks.peers.catalogue import Peer
from benchmarks.peers.client import Client, Exchange, connect, post
from benchmarks.peers.scenes import Scene

# The model notes what it played under these: no two calls may have the same, whoever makes them.
_numbers = count(1)


async def ask(peer: Peer, port: int, scene: Scene) -> list[Exchange]:
    """All summaries of the scene, as they came. Raises BadAnswer, OSError."""
    clients = [await connect(port) for _ in range(scene.streams)]
    turns = _turns(scene)
    try:
        asking = [
            _ask_once(client, peer, scene, after=scene.ramp_s * place / scene.streams)
            if scene.pace
            else _ask_in_turn(client, peer, scene, turns)
            for place, client in enumerate(clients)
        ]
        return [exchange for some in await asyncio.gather(*asking) for exchange in some]
    finally:
        for client in clients:
            client.close()


def _turns(scene: Scene) -> Iterator[None]:
    """One for each summary that is still to be begun."""
    end = monotonic() + scene.seconds
    for number in count():
        if number >= scene.least and monotonic() >= end:
            return
        yield None


async def _ask_once(client: Client, peer: Peer, scene: Scene, *, after: float) -> list[Exchange]:
    await asyncio.sleep(after)
    return [await _ask(client, peer, scene)]


async def _ask_in_turn(client: Client, peer: Peer, scene: Scene, turns: Iterator[None]) -> list[Exchange]:
    return [await _ask(client, peer, scene) for _ in turns]


async def _ask(client: Client, peer: Peer, scene: Scene) -> Exchange:
    exchange = Exchange(next(_numbers))
    order = Order(tokens=scene.tokens, bullets=scene.bullets, pace=scene.pace, key=peer.key, number=exchange.number)
    sizes = {"max_bullets": scene.bullets, "max_bullet_chars": scene.max_bullet_chars}
    await client.ask(exchange, post(peer.path, {"text": source(order), **sizes, **peer.extra}))
    return exchange
