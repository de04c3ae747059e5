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


async def ask(peer: Peer, port: int, scene: Scene, *, answered: list[Exchange]) -> None:
    """All summaries of the scene; `answered` has those that are over. Raises BadAnswer, OSError."""
    clients = [await connect(port) for _ in range(scene.streams)]
    turns = _turns(scene)
    try:
        asking = [
            _ask_once(client, peer, scene, after=scene.ramp_s * place / scene.streams, answered=answered)
            if scene.pace
            else _ask_in_turn(client, peer, scene, turns, answered=answered)
            for place, client in enumerate(clients)
        ]
        await asyncio.gather(*asking)
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


async def _ask_once(client: Client, peer: Peer, scene: Scene, *, after: float, answered: list[Exchange]) -> None:
    await asyncio.sleep(after)
    answered.append(await _ask(client, peer, scene))


async def _ask_in_turn(
    client: Client, peer: Peer, scene: Scene, turns: Iterator[None], *, answered: list[Exchange]
) -> None:
    for _ in turns:
        exchange = await _ask(client, peer, scene)
        answered.append(exchange)  # each when it is over: the limit may come before the last


async def _ask(client: Client, peer: Peer, scene: Scene) -> Exchange:
    exchange = Exchange(next(_numbers))
    order = Order(tokens=scene.tokens, bullets=scene.bullets, pace=scene.pace, key=peer.key, number=exchange.number)
    sizes = {"max_bullets": scene.bullets, "max_bullet_chars": scene.max_bullet_chars}
    await client.ask(exchange, post(peer.path, {"text": source(order), **sizes, **peer.extra}))
    return exchange
