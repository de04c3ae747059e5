"""Many short summaries, with faults, clients that leave and come back, and deletions: nothing is left behind.

A minute in `make test`, ten in `make soak`; STREAMSUM_SOAK_S sets it.
"""

import asyncio
import gc
import json
import logging
import os
import random
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.fake_upstream import (
    Chunk,
    Close,
    Content,
    Delivery,
    Done,
    FakeUpstream,
    Finish,
    Pause,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    answer,
    bullets,
)
from streamsum.core.summary import Summary
from streamsum.runs.history import HISTORY_BYTES, History
from streamsum.runs.run import Run
from streamsum.settings import Settings
from tests import invariants
from tests.servers import LIMIT_S, RawClient, Served, environment_for, get, open_files, post, raw_client, served

SOAK_S = float(os.environ.get("STREAMSUM_SOAK_S") or 60)
CLIENTS = 12
KEEP_BYTES = 256 * 1024
SETTINGS = {
    "STREAMSUM_KEEP_BYTES": str(KEEP_BYTES),
    "STREAMSUM_GRACE_S": "0.2",
    "STREAMSUM_STALL_S": "0.3",
    "STREAMSUM_FIRST_BYTE_S": "0.2",
}
# What the allocator keeps of its own accord; a leak of 1 KiB a summary would show.
GROWTH_KIB = 4 * 1024

pytestmark = pytest.mark.slow

CANARY = "canary-5b1e"
DOCUMENT = bullets(*(f"Point {n} of the text, in a sentence of its own." for n in range(5)))
HALF = DOCUMENT[: len(DOCUMENT) // 2]
SLOW: Script = (Role(), Content(HALF), Pause(0.05), *answer(DOCUMENT[len(HALF) :])[1:])
SCRIPTS: list[Script] = [
    *([answer(DOCUMENT)] * 4),
    *([SLOW] * 4),
    (Status(429, {"Retry-After": "1"}),),
    (Status(500),),
    (Status(404),),
    (Stall(),),
    (Role(), Reasoning("Well. " * 20), *answer(DOCUMENT)[1:]),
    *(
        (Role(), Content(HALF), *steps)
        for steps in (
            (Reset(),),
            (Close(),),
            (Stall(),),
            (Finish("length"), Done()),
            (Refusal(CANARY), Finish("stop"), Done()),
            (Chunk({"error": {"message": CANARY}}),),
            (Content("}]}]}"), Finish("stop"), Done()),
        )
    ),
]


class Visitor:
    """One client after the other, each with a way of its own."""

    def __init__(self, at: Served, seed: int) -> None:
        self._at = at
        self._chance = random.Random(seed)
        self._ways = [self.reads, self.waits, self.leaves, self.returns, self.deletes, self.errs]
        self.seen: Counter[str] = Counter({way.__name__: 0 for way in self._ways})

    async def visit(self) -> None:
        way = self._chance.choice(self._ways)
        await way()
        self.seen[way.__name__] += 1

    def _body(self, **more: Any) -> dict[str, Any]:
        policy = self._chance.choice(["cancel", "grace", "finish"])
        words = "A source like any other. " * self._chance.randint(1, 200)
        return {"text": words, "on_disconnect": policy, "preview": self._chance.random() < 0.3, **more}

    async def reads(self) -> None:
        """By POST or GET, to the end."""
        if self._chance.random() < 0.5:
            response = await self._at.client.post("/v1/summaries", json=self._body(preview=False))
        else:
            response = await self._at.client.get("/stream", params={"q": "A source."})
        if response.status_code == 200:
            invariants.check(response.content, canaries=[CANARY])

    async def waits(self) -> None:
        response = await self._at.client.post("/v1/summaries", json=self._body(stream=False))
        assert response.status_code in {200, 502, 503, 504}

    async def leaves(self) -> None:
        async with raw_client(self._at.port) as client:
            await self._begin(client)
            await self._leave(client)

    async def returns(self) -> None:
        async with raw_client(self._at.port) as client:
            id = await self._begin(client)
            await self._leave(client)
        if id:
            response = await self._at.client.get("/stream", headers={"Last-Event-ID": f"{id}:1"})
            assert response.status_code in {200, 204, 410}

    async def deletes(self) -> None:
        """Running or finished, twice."""
        async with raw_client(self._at.port) as client:
            if id := await self._begin(client):
                for _ in range(2):
                    response = await self._at.client.delete(f"/v1/summaries/{id}")
                    assert response.status_code in {204, 404}

    async def errs(self) -> None:
        path = self._chance.choice(["/v1/summaries", "/nowhere"])
        response = await self._at.client.post(path, content=b"{", headers={"Content-Type": "application/json"})
        assert response.status_code in {400, 404}

    async def _begin(self, client: RawClient) -> str:
        """Ask, and wait for the headers: the summary's id, if there is one."""
        if self._chance.random() < 0.5:
            await client.send(post(self._body()))
        else:
            await client.send(get("/stream?q=A%20source."))
        status, headers = await client.head()
        return headers["location"].rpartition("/")[2] if status == 200 else ""

    async def _leave(self, client: RawClient) -> None:
        await client.leave(self._chance.choice(["close", "reset", "half-close", "pipelined"]))


async def churn(visitor: Visitor, until: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        async with asyncio.timeout(LIMIT_S):
            await visitor.visit()


async def watch_memory(until: float) -> list[int]:
    """In KiB, ten times, evenly; never where nobody tells."""
    pause = (until - asyncio.get_running_loop().time()) / 10
    samples = []
    for _ in range(10):
        await asyncio.sleep(pause)
        samples += resident_kib()
    return samples


def resident_kib() -> list[int]:
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]


def living(*kinds: type) -> int:
    gc.collect()
    return sum(isinstance(each, kinds) for each in gc.get_objects())


async def test_nothing_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    """No task, no socket, no summary, no growing memory; kept summaries stay within their limit."""
    caplog.set_level(logging.ERROR)
    chance = random.Random(1)
    living_before, files_before = living(Run, Summary), await open_files()
    async with FakeUpstream(lambda *_: chance.choice(SCRIPTS), delivery=Delivery(coalesce=4), record=False) as model:
        settings = Settings.read(environment_for(model) | SETTINGS)
        async with served(None, settings=settings, limit_s=SOAK_S + 2 * LIMIT_S) as at:
            until = asyncio.get_running_loop().time() + SOAK_S
            visitors = [Visitor(at, seed) for seed in range(CLIENTS)]
            samples, *_ = await asyncio.gather(watch_memory(until), *(churn(each, until) for each in visitors))
            async with asyncio.timeout(LIMIT_S):
                await at.service.runs.drain(2 * LIMIT_S)  # the last ones end by themselves
            assert living(Run, Summary) == living_before
            assert living(History) <= KEEP_BYTES // HISTORY_BYTES
    assert await open_files() <= files_before
    seen = sum((visitor.seen for visitor in visitors), Counter[str]())
    print(json.dumps({"calls of the model": model.calls_made, "resident_kib": samples, **seen}))
    assert min(seen.values()) >= SOAK_S, "each way is gone about once a second"
    assert caplog.records == []
    if samples and SOAK_S >= 30:
        assert median(samples[-3:]) - median(samples[3:6]) < GROWTH_KIB
