"""npm's `eventsource`, an `EventSource` that nobody here wrote, on the routes that are made for one."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from benchmarks.fake_upstream import FakeUpstream, Gate
from tests.held import halved
from tests.keys import bearer, keyed
from tests.node import node
from tests.servers import served, settings_for
from tests.tcp_proxy import tcp_proxy

TEXT = "The tower was built of oak 🌳 & stood for forty-six years."
WHOLE = ["summary.created", "bullet", "bullet", "summary.completed"]


@dataclass(frozen=True)
class Heard:
    """What one `EventSource` had to say, before it was cut and after."""

    before: list[Any]
    after: list[Any]

    @property
    def events(self) -> list[Any]:
        return [each for each in self.before + self.after if "event" in each]

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.events]


async def listen(port: int, path: str, all_are_cut: asyncio.Barrier, gate: Gate) -> Heard:
    """Up to the first bullet; then the connection breaks; then the model goes on."""
    async with tcp_proxy(port) as proxy, node("event_source.mjs", f"http://127.0.0.1:{proxy.port}{path}") as program:
        before = [await program.says(), await program.says()]
        proxy.reset()
        await all_are_cut.wait()
        gate.open()
        return Heard(before, await program.answers())


async def ticket(client: httpx2.AsyncClient) -> str:
    """Where the events are of a summary that nobody waits for; who follows them needs no key."""
    response = await client.post("/v1/summaries", json={"text": TEXT}, headers={"Prefer": "respond-async", **bearer()})
    assert response.status_code == 202
    return str(response.json()["events_url"])


async def test_it_reads_resumes_and_stops_on_every_route() -> None:
    """GET with `text`, with `q`, a ticket where keys are asked for; each is cut after a bullet: all events, once."""
    (gate, script), all_are_cut = halved(), asyncio.Barrier(3)
    async with (
        FakeUpstream(script) as model,
        served(None, settings=settings_for(model)) as at,
        served(None, settings=keyed(settings_for(model))) as guarded,
    ):
        heard = await asyncio.gather(
            listen(at.port, f"/v1/summaries?text={quote(TEXT)}&max_bullets=3", all_are_cut, gate),
            listen(at.port, f"/stream?q={quote(TEXT)}", all_are_cut, gate),
            listen(guarded.port, await ticket(guarded.client), all_are_cut, gate),
        )
        assert model.calls_made == len(heard)  # nobody paid twice
    for each in heard:
        assert [event["event"] for event in each.events] == WHOLE
        assert [event["data"]["type"] for event in each.events] == WHOLE
        assert [int(id.rpartition(":")[2]) for id in each.ids] == [1, 2, 3, 4]
        assert len({id.rpartition(":")[0] for id in each.ids}) == 1
        assert each.after[-1] == {"closed": 204}
        assert {"again": True} in each.after


async def test_a_refusal_ends_it() -> None:
    """An `EventSource` gives up on any status but 200, and is told which."""
    async with FakeUpstream(halved()[1]) as model, served(None, settings=settings_for(model)) as at:
        async with node(
            "event_source.mjs", f"http://127.0.0.1:{at.port}/stream?q={quote(TEXT)}&max_bullets=99"
        ) as program:
            assert await program.answers() == [{"closed": 422}]
        assert model.calls_made == 0
