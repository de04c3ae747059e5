"""What a bullet costs for each who listens, on two replicas with one Redis, however many summaries there are.

The replicas are processes of their own; their processor time is the kernel's account. `make soak` takes more bullets.
"""

import asyncio
import json
import os
from pathlib import Path

import pytest

from benchmarks.fake_upstream import Content, FakeUpstream, Gate, Pause, Role, Script, answer, bullets
from tests.logs import LASTING
from tests.redis_server import RedisServer, needs_redis
from tests.replica import Replica
from tests.replicas import Cluster, Follower, cluster

pytestmark = [needs_redis, pytest.mark.slow]

LISTENERS = 500
EACH = 5  # of one summary: as many as may
BULLETS = 10 if os.environ.get("STREAMSUM_SOAK") else 3
TICKS = os.sysconf("SC_CLK_TCK")


def script(gate: Gate) -> Script:
    """A bullet a second, from when the gate opens."""
    pieces = [f"Point {n} of the text, in a sentence of its own." for n in range(BULLETS)]
    document = bullets(*pieces)
    cut = len(document) // BULLETS
    parts = [document[n : n + cut] for n in range(0, len(document), cut)]
    return (Role(), gate, *(step for part in parts for step in (Content(part, 1000), Pause(1))), *answer("")[1:])


def cpu_s(of: Cluster) -> float:
    """User and system time of all replicas: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    stats = [Path(f"/proc/{each.pid}/stat").read_text().rpartition(")")[2].split() for each in of.running]
    return sum(int(each[11]) + int(each[12]) for each in stats) / TICKS


async def cost_us(of: Cluster, gate: Gate, *, listeners: int) -> float:
    """Microseconds for each bullet and listener."""
    followers = [Follower() for _ in range(listeners)]
    for n in range(0, listeners, EACH):
        await begin(followers[n : n + EACH], of.running, n)
    following = [asyncio.create_task(each.follow(of)) for each in followers]
    await asyncio.sleep(1 + listeners / 100)  # until all are there
    before = cpu_s(of)
    gate.open()
    await asyncio.gather(*following)
    spent = cpu_s(of) - before
    for each in followers[:EACH]:
        each.is_sound()
    assert {each.finish for each in followers} == {"complete"}
    return spent / (BULLETS * listeners) * 1e6


async def begin(followers: list[Follower], replicas: list[Replica], n: int) -> None:
    """One summary, which all of these follow, some on the other replica."""
    first, *others = followers
    await first.begin(replicas[n // EACH % 2].port, max_bullets=BULLETS, on_disconnect="finish", evidence="off")
    for each in others:
        each.id = first.id


async def test_the_cost_of_a_listener_does_not_grow(redis: RedisServer, tmp_path: Path) -> None:
    """Four times as many summaries and listeners: about the same for each."""
    secrets = tmp_path / "secrets"
    secrets.write_text("s" * 32)
    gates = [Gate(), Gate()]
    gate = [gates[0]]  # the one that a call of the model waits at
    async with (
        asyncio.timeout(60 + LISTENERS / 5),
        FakeUpstream(lambda *_: script(gate[0]), record=False) as model,
        cluster(
            redis, model, secrets, times=LASTING, STREAMSUM_FIRST_BYTE_S="0.1", STREAMSUM_STALL_S="120"
        ) as of,  # the model waits until all listen, which takes a busy machine a while
    ):
        few = await cost_us(of, gates[0], listeners=LISTENERS // 4)
        gate[0] = gates[1]
        many = await cost_us(of, gates[1], listeners=LISTENERS)
    print(json.dumps({"listeners": [LISTENERS // 4, LISTENERS], "us a bullet and listener": [round(few), round(many)]}))
    assert many < 2 * few, (few, many)  # what grew with them would be four times as much; the machine is noisy
