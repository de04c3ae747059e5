"""Nothing is lost: replicas as real processes, cut, killed, put to sleep and restarted. Larger by `make soak`.

Their clocks are quicker than in life, but for one test; the command, the server and the model's connections are real.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.fake_upstream import Call, Content, FakeUpstream, Gate, Pause, Role, Script, answer, bullets
from tests.logs import until
from tests.programs import Program, streamsum
from tests.redis_server import RedisServer, needs_redis
from tests.replicas import Cluster, Follower, cluster, environment_of, stored, until_ready
from tests.servers import client_of
from tests.tcp_proxy import tcp_proxy

pytestmark = [needs_redis, pytest.mark.slow]

SOAK = bool(os.environ.get("STREAMSUM_SOAK"))
CUTS = 10_000 if SOAK else 300
KILLS = 100 if SOAK else 5
RESTARTS = 10 if SOAK else 3

DOCUMENT = bullets(*(f"Point {n} of the text, in a sentence of its own: {n * 7919 % 101}." for n in range(12)))
BODY = {"max_bullets": 12, "on_disconnect": "finish", "evidence": "off"}


def steady(pause_s: float) -> Script:
    """A bullet every three pauses or so, twelve in all."""
    pieces = [DOCUMENT[n : n + 20] for n in range(0, len(DOCUMENT), 20)]
    return (Role(), *(step for piece in pieces for step in (Content(piece), Pause(pause_s))), *answer("")[1:])


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    file = tmp_path / "secrets"
    file.write_text("s" * 32)
    return file


async def in_time(awaitable: Awaitable[None], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await awaitable


# Clients that are cut.


async def test_cut_anywhere_and_resumed_elsewhere_nothing_is_lost(redis: RedisServer, secrets: Path) -> None:
    """At random bytes, by a close or a reset, live and in replays: the same bytes in the same order."""
    chance = random.Random(7)
    async with (
        asyncio.timeout(60 + CUTS / 5),
        FakeUpstream(steady(0.03), record=False) as model,
        cluster(redis, model, secrets) as of,
    ):
        cuts = 0
        while cuts < CUTS:
            followers = [Follower() for _ in range(15)]
            await asyncio.gather(*(each.begin(of.any(), **BODY) for each in followers))
            cuts += sum(await asyncio.gather(*(be_cut(each, of, random.Random(chance.random())) for each in followers)))
            for each in followers:
                each.is_sound()
                for replica in of.running:
                    assert await stored(replica.port, each.id) == each.frames
    print(f"{cuts} cuts: 0 lost, 0 repeated, 0 out of order, 0 changed")


# A head has 465 bytes, a bullet some 300: enough are cut in the one, or in the other, and enough come through.
CUT_WITHIN = 1300


async def be_cut(follower: Follower, of: Cluster, chance: random.Random) -> int:
    """Follow to the end through proxies that cut, each time to another replica; says how often."""
    cuts = 0
    async with tcp_proxy(0) as proxy:
        while not follower.over:
            proxy.target = of.running[cuts % len(of.running)].port
            proxy.cut_next(chance.randint(1, CUT_WITHIN), chance.choice(["close", "reset"]))
            with suppress(OSError):
                await follower.resume(proxy.port)
            cuts += not follower.over
    return cuts


# Replicas that are killed.


async def test_a_killed_replicas_summaries_go_on(redis: RedisServer, secrets: Path) -> None:
    """Under 20 streams, again and again: all that anyone saw is replayed byte for byte, and each comes to its end."""
    finishes: Counter[str] = Counter()
    async with (
        asyncio.timeout(60 + 15 * KILLS),
        FakeUpstream(steady(0.05), record=False) as model,
        cluster(redis, model, secrets) as of,
    ):
        for kill in range(KILLS):
            victim = of.running[0]
            followers = [Follower() for _ in range(20)]
            await asyncio.gather(*(each.begin(victim.port, **BODY) for each in followers))
            following = [asyncio.create_task(each.follow(of)) for each in followers]
            await asyncio.sleep(random.Random(kill).uniform(0.2, 1.0))
            of.lose(victim)
            await of.kill(victim)
            starting = asyncio.create_task(of.start())
            async with asyncio.timeout(15):
                await asyncio.gather(*following)
            await starting
            for each in followers:
                each.is_sound()
                assert await stored(of.running[0].port, each.id) == each.frames
                finishes[each.finish] += 1
    print(f"{KILLS} kills under 20 streams: {dict(finishes)}")
    assert finishes.keys() <= {"complete", "max_bullets"}, "there was time, and a secret"


async def test_in_life_too_the_heir_is_there_within_fifteen_seconds(redis: RedisServer, secrets: Path) -> None:
    """`streamsum serve` as people run it, with its own clocks, killed in mid-stream."""
    script: Script = (*steady(0.01)[:20], gate := Gate(), *steady(0.01)[20:])
    async with FakeUpstream(script) as model, AsyncExitStack() as stack:
        programs = [await stack.enter_async_context(serving(redis, model, secrets)) for _ in range(2)]
        (victim, port), (heir, other) = programs
        follower = Follower()
        await follower.begin(port, **BODY)
        await follower.resume(port, until=3)
        await until_called(model)
        victim.signal(signal.SIGKILL)
        killed = asyncio.get_running_loop().time()
        await until_called(model)
        took_s = asyncio.get_running_loop().time() - killed
        gate.open()
        await in_time(follower.resume(other), 10)
        follower.is_sound()
        passes = follower.ledger["passes"]
        assert [each["kind"] for each in passes] == ["first", "continue"]
        assert (passes[0]["prompt_tokens"], passes[0]["completion_tokens"]) == (None, None)
        heir.signal(signal.SIGTERM)
        status, _, errors = await heir.ends()
        assert status == 0, errors
        assert "Traceback" not in errors
    print(f"gone on with {took_s:.1f} s after the kill")
    assert took_s < 15


@asynccontextmanager
async def serving(redis: RedisServer, model: FakeUpstream, secrets: Path) -> AsyncIterator[tuple[Program, int]]:
    environment = environment_of(redis, model, secrets)
    async with streamsum("serve", "--port", "0", environment=environment) as program:
        event_log = await program.logs(
            "event log: Redis; taking over, and tickets on every replica, need STREAMSUM_SECRET_FILE"
        )
        assert event_log["takes_over"]
        port = await program.port()
        await until_ready(port)
        yield program, port


async def test_a_source_that_kills_its_process_kills_two_at_most(redis: RedisServer, secrets: Path) -> None:
    """One take-over; after that it is ended, and no model is asked."""
    async with (
        FakeUpstream((*steady(0)[:12], Gate())) as model,
        cluster(redis, model, secrets, replicas=1) as of,
    ):
        follower = Follower()
        await follower.begin(of.any(), **BODY)
        for _ in range(2):
            await in_time(until_called(model), 10)
            victim = of.running[0]
            of.lose(victim)
            await of.kill(victim)
            await of.start()
        await in_time(follower.follow(of), 10)
        follower.is_sound()
        assert follower.finish == "producer_lost"
        assert model.calls_made == 2
        assert redis.keys_like("request") == [], "the source goes with the last event"


async def until_called(model: FakeUpstream) -> None:
    _: Call = await model.next_call(within=20)


async def test_without_a_secret_what_is_lost_is_told(redis: RedisServer, secrets: Path) -> None:
    """Nobody can go on: the bullets stay, and the summary ends."""
    async with (
        FakeUpstream((*steady(0)[:12], Gate())) as model,
        cluster(redis, model, secrets, STREAMSUM_SECRET_FILE="") as of,
    ):
        victim = of.running[0]
        follower = Follower()
        await follower.begin(victim.port, **BODY)
        await follower.resume(victim.port, until=3)
        of.lose(victim)
        await of.kill(victim)
        await in_time(follower.follow(of), 10)
        follower.is_sound()
        assert (follower.last["type"], follower.finish) == ("summary.failed", "producer_lost")
        assert follower.ledger["bullets"] >= 2


async def test_marks_and_policies_hold_over_a_death(redis: RedisServer, secrets: Path) -> None:
    """A DELETE while nobody owns it; whom nobody came back to, with each policy: a grace has its time anew."""
    async with (
        FakeUpstream(steady(0.1), record=False) as model,
        cluster(redis, model, secrets, STREAMSUM_GRACE_S="3") as of,
    ):
        victim, heir = of.running
        policies = {"deleted": "finish", "cancel": "cancel", "grace": "grace", "finish": "finish"}
        followers = {name: Follower() for name in policies}
        for name, policy in policies.items():
            await followers[name].begin(victim.port, **BODY | {"on_disconnect": policy})
        of.lose(victim)
        await of.kill(victim)
        async with client_of(heir.port) as client:
            response = await client.delete(f"/v1/summaries/{followers['deleted'].id}")
            assert response.status_code == 204
        async with asyncio.timeout(20):
            finishes = {name: await finish_of(redis, each.id) for name, each in followers.items()}
        assert finishes == {"deleted": "cancelled", "cancel": "cancelled", "grace": "cancelled", "finish": "complete"}


async def finish_of(server: RedisServer, id: str) -> str:
    """Looked up where it is stored: whoever asks a replica counts as listening."""
    while True:
        if (last := server.last_event(id)).get("type") == "summary.completed":
            return str(last["finish"])
        await asyncio.sleep(0.1)


# Replicas that sleep.


async def test_who_was_asleep_writes_no_more(redis: RedisServer, secrets: Path) -> None:
    """SIGSTOP until another has gone on, then SIGCONT: fenced; one sequence of events, for those who stayed too."""
    async with FakeUpstream(steady(0.1), record=False) as model, cluster(redis, model, secrets) as of:
        sleeper, heir = of.running
        followers = [Follower() for _ in range(5)]
        await asyncio.gather(*(each.begin(sleeper.port, **BODY) for each in followers))
        stayed = [asyncio.create_task(each.resume(sleeper.port)) for each in followers[:2]]
        of.lose(sleeper)
        moved = [asyncio.create_task(each.follow(of)) for each in followers[2:]]
        await asyncio.sleep(0.3)
        sleeper.signal(signal.SIGSTOP)
        of.forget(sleeper)
        await until(lambda: all(redis.field(each.id, "claims") == "1" for each in followers), within=20)
        await asyncio.sleep(15 if SOAK else 0)
        sleeper.signal(signal.SIGCONT)
        async with asyncio.timeout(20):
            await asyncio.gather(*stayed, *moved)
        of.running.append(sleeper)
        for each in followers:
            await in_time(each.follow(of), 10)
            each.is_sound()
            for replica in (sleeper, heir):
                assert await stored(replica.port, each.id) == each.frames
        assert "Fenced" in await sleeper.goes()


# Replicas that go.


async def test_rolling_restarts_lose_nothing(redis: RedisServer, secrets: Path) -> None:
    """Under load, one after the other, each with streams that it cannot finish: exit 0, and every client its end."""
    finishes: Counter[str] = Counter()
    async with (
        asyncio.timeout(60 + 20 * RESTARTS),
        FakeUpstream(steady(0.04), record=False) as model,
        cluster(redis, model, secrets, STREAMSUM_DRAIN_S="0.3") as of,
    ):
        done = asyncio.Event()
        load = [asyncio.create_task(keep_asking(of, done)) for _ in range(6)]
        for _ in range(RESTARTS):
            for replica in list(of.running):
                await asyncio.sleep(0.5)
                await of.start()
                of.lose(replica)
                await replica.goes()
        done.set()
        for follower in [each for some in await asyncio.gather(*load) for each in some]:
            follower.is_sound()
            assert await stored(of.any(), follower.id) == follower.frames
            finishes[follower.finish] += 1
    print(f"{RESTARTS} rolling restarts: {dict(finishes)}")
    assert finishes.total() >= 6 * RESTARTS
    # The last two: what was handed over once is not handed over again.
    assert finishes.keys() <= {"complete", "max_bullets", "draining", "producer_lost"}
    assert finishes["complete"] + finishes["max_bullets"] > finishes.total() / 2


async def keep_asking(of: Cluster, done: asyncio.Event) -> list[Follower]:
    """One summary after the other."""
    followers: list[Follower] = []
    while not done.is_set():
        follower = Follower()
        try:
            await follower.begin(of.any(), **BODY)
        except (OSError, AssertionError, asyncio.IncompleteReadError):  # it has just gone, or is going
            await asyncio.sleep(0.05)
            continue
        followers.append(follower)
        await follower.follow(of)
    return followers


async def test_sigterm_hands_over_what_it_cannot_finish(redis: RedisServer, secrets: Path) -> None:
    """At once, without waiting for a lease: its connections end without a last event, and the other goes on."""
    script: Script = (*steady(0)[:12], gate := Gate(), *steady(0)[12:])
    async with (
        FakeUpstream(script) as model,
        cluster(redis, model, secrets, STREAMSUM_DRAIN_S="0.2") as of,
    ):
        going, heir = of.running
        follower = Follower()
        await follower.begin(going.port, **BODY)
        await follower.resume(going.port, until=3)
        await until_called(model)
        staying = asyncio.create_task(follower.resume(going.port))
        of.lose(going)
        errors = await going.goes()
        await staying
        assert not follower.over
        assert "handed over" in errors
        await in_time(until_called(model), 2)
        gate.open()
        await in_time(follower.follow(of), 10)
        follower.is_sound()
        assert follower.finish in {"complete", "max_bullets"}
        assert redis.keys_like("owned") == []
        await heir.goes()


async def test_sigterm_is_seen_by_the_probe_within_a_second(redis: RedisServer, secrets: Path) -> None:
    """While what runs goes on: no new summary is sent there."""
    async with (
        FakeUpstream((*steady(0)[:12], gate := Gate(), *steady(0)[12:])) as model,
        cluster(redis, model, secrets, replicas=1, STREAMSUM_DRAIN_S="20") as of,
        client_of(of.any()) as client,
    ):
        follower = Follower()
        await follower.begin(of.any(), **BODY)
        of.running[0].signal(signal.SIGTERM)
        async with asyncio.timeout(1):
            while (await client.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - as a probe asks
                await asyncio.sleep(0.02)
        response = await client.post("/v1/summaries", json={"text": "A text.", **BODY})
        assert (response.status_code, response.json()["code"]) == (503, "draining")
        gate.open()
        await in_time(follower.follow(of), 10)
        follower.is_sound()
        assert follower.finish in {"complete", "max_bullets"}
        await of.running[0].has_gone()


async def test_sigterm_while_the_status_is_held_is_503(redis: RedisServer, secrets: Path) -> None:
    """Nobody knows of the summary: it ends, its key is free, and the next replica begins anew."""
    async with (
        FakeUpstream(lambda _, n: (Gate(),) if n == 1 else answer(DOCUMENT)) as model,
        cluster(redis, model, secrets, STREAMSUM_DRAIN_S="0.2") as of,
    ):
        going, heir = of.running
        headers = {"Idempotency-Key": "order-7"}
        body = {"text": "A text.", **BODY}
        async with client_of(going.port) as client:
            asked = asyncio.create_task(client.post("/v1/summaries", json=body, headers=headers))
            await until_called(model)
            going.signal(signal.SIGTERM)
            response = await asked
            assert (response.status_code, response.json()["code"]) == (503, "draining")
            assert int(response.headers["retry-after"]) > 0
        async with client_of(heir.port) as client:
            response = await client.post("/v1/summaries", json=body, headers=headers)
            assert response.status_code == 200
        assert model.calls_made == 2
        await going.has_gone()
