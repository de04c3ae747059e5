"""Clients that never read, over real HTTP: each is cut after one blocked send, and none of the others notices."""

import asyncio
import logging
import random
import select
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from benchmarks.fake_upstream import bullets
from streamsum.settings import Settings
from streamsum.web.connections import Connection
from streamsum.web.patience import Patience
from tests.scripted import ScriptedUpstream, Step
from tests.servers import Served, events_of, post, served

pytestmark = [pytest.mark.slow, pytest.mark.both_loops]


def words(draw: random.Random) -> str:
    return " ".join("".join(draw.choices("天地玄黃宇宙洪荒", k=9)) for _ in range(100))


CROWD = 100
# 130 KiB, more than the kernels take for two small sockets; fewer bullets than may come, so that more could be said. In
# words, so that two that share none need not be compared by their letters: 100 summaries of 49 bullets share one core,
# and without evidence, which would take twice as long as all the rest.
LONG = bullets(*(words(random.Random(n)) for n in range(49)))
BODY = {"text": "A source.", "max_bullets": 50, "max_bullet_chars": 1000, "on_disconnect": "cancel", "evidence": "off"}
PATIENCE = Patience(silence_s=0.05, blocked_s=0.5)


class Impatient(Connection):
    blocked_s = PATIENCE.blocked_s


@asynccontextmanager
async def impatient(*script: Step) -> AsyncIterator[tuple[Served, ScriptedUpstream]]:
    upstream = ScriptedUpstream(script=script)
    settings = Settings(grace_s=0)
    async with served(upstream, settings=settings, patience=PATIENCE, connection=Impatient, limit_s=60) as at:
        yield at, upstream


async def deaf_client(port: int) -> socket.socket:
    """One that has asked for a summary, and takes nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, post(BODY))
    return client


def is_cut(client: socket.socket) -> bool:
    """The kernel says so, though nobody reads."""
    poll = select.poll()
    poll.register(client, 0)  # only what is always reported: an error, or the end
    return bool(poll.poll(0))


async def until_cut(*clients: socket.socket) -> None:
    async with asyncio.timeout(10):
        while not all(map(is_cut, clients)):  # noqa: ASYNC110 - nobody reads, so nothing tells of it
            await asyncio.sleep(0.02)


async def test_it_is_cut_while_the_model_is_silent() -> None:
    """What waits to be sent is a heartbeat: it waits as an event does, in the one sender. The model is hung up."""
    async with impatient(LONG[:-2], asyncio.Event()) as (at, upstream):
        with await deaf_client(at.port) as client:
            await until_cut(client)
            async with asyncio.timeout(1):
                await upstream.closed.wait()
    assert upstream.open == 0


async def test_one_that_has_room_for_heartbeats_is_not_cut() -> None:
    """As long as nothing is blocked nobody can know that it does not read."""
    gate = asyncio.Event()
    async with impatient('{"bullets": ["The first."', gate, "]}") as (at, upstream):
        with await deaf_client(at.port) as client:
            await asyncio.sleep(2 * PATIENCE.blocked_s)
            assert (is_cut(client), upstream.open) == (False, 1)
            gate.set()
            async with asyncio.timeout(5):
                await upstream.closed.wait()


async def test_a_crowd_of_them_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Who reads next to them gets all of its bullets, they are all cut, and nothing of them is left or logged."""
    caplog.set_level(logging.WARNING)
    async with impatient(LONG) as (at, upstream):
        with ExitStack() as stack:
            crowd = [stack.enter_context(await deaf_client(at.port)) for _ in range(CROWD)]
            async with asyncio.timeout(25):  # 5,000 long bullets are judged in this process meanwhile
                events = events_of(await at.client.post("/v1/summaries", json=BODY))
            assert len([event for event in events if event["type"] == "bullet"]) == 49
            await until_cut(*crowd)
            async with asyncio.timeout(5):
                await at.service.runs.drain(10)
            assert upstream.open == 0
    assert caplog.records == []
