"""Who is let in: to join what runs is free, and whoever fails on the way leaves nothing behind."""

import pytest
from typing_extensions import override

from streamsum.errors import IdempotencyConflict, LogDown, RequestRefused
from streamsum.keys_file import Key
from streamsum.runs.limits.allowance import Allowance
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.log import Idempotency, Joined, Lease, NewSummary
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.telemetry.observing import Observer
from streamsum.telemetry.telemetry import Telemetry
from tests.jumping_clock import in_jumping_time, settle
from tests.scripted import HANG, ScriptedUpstream
from tests.test_registry import REQUEST, a_log, last_event, some_runs

NAME = Idempotency("once", "fingerprint")


@in_jumping_time
async def test_joining_is_free_where_all_places_are_taken() -> None:
    """Above all for who wants to end it: on a full process its model could not be stopped otherwise."""
    runs, upstream = some_runs(HANG, max_streams=1)
    run = await runs.start_or_join(REQUEST, idempotency=NAME)
    assert await runs.start_or_join(REQUEST, idempotency=NAME) is run
    for other in (None, Idempotency("another", "fingerprint")):
        with pytest.raises(RequestRefused) as caught:
            await runs.start_or_join(REQUEST, idempotency=other)
        assert caught.value.problem.code == "overloaded"
    with pytest.raises(IdempotencyConflict):
        await runs.start_or_join(REQUEST, idempotency=Idempotency("once", "of another request"))
    await settle()
    assert len(upstream.prompts) == 1
    await runs.aclose()


@in_jumping_time
async def test_joining_is_free_while_the_process_goes() -> None:
    """What runs goes on for a while, and is there to be listened to, or ended."""
    runs, _ = some_runs(HANG)
    run = await runs.start_or_join(REQUEST, idempotency=NAME)
    assert not isinstance(run, Joined)
    await settle()
    runs._entrance.closed = True  # noqa: SLF001 - `drain` would wait for the summary
    assert await runs.start_or_join(REQUEST, idempotency=NAME) is run
    await runs.aclose()


@in_jumping_time
async def test_joining_is_free_for_a_key_that_has_all_it_may_have() -> None:
    """Its one summary is the one that it asks for again."""
    key = Key(name="alice", streams=1)
    runs = Runs(
        upstreams=[ScriptedUpstream(script=[HANG])],
        log=a_log(),
        settings=Settings(),
        key_named={"alice": key}.get,
        allowance=Allowance(MemoryLimiter(), when_down="closed", total_s=300),
    )
    run = await runs.start_or_join(REQUEST, key=key, idempotency=NAME)
    assert await runs.start_or_join(REQUEST, key=key, idempotency=NAME) is run
    with pytest.raises(RequestRefused):
        await runs.start_or_join(REQUEST, key=key, idempotency=None)
    await runs.aclose()


class Away(MemoryLog):
    """Cannot be reached."""

    @override
    async def find(self, key: str, idempotency: Idempotency) -> Joined | None:
        raise LogDown


@in_jumping_time
async def test_who_cannot_find_out_is_told_the_first_reason() -> None:
    """That the log is away as well helps nobody."""
    runs, _ = some_runs(log=Away(grace_s=10, keep_s=600, keep_bytes=1 << 20), max_streams=0)
    with pytest.raises(RequestRefused) as caught:
        await runs.start_or_join(REQUEST, idempotency=NAME)
    assert caught.value.problem.code == "overloaded"


class Unheard(MemoryLog):
    """Begins what it is asked for, and cannot say so."""

    @override
    async def create(self, new: NewSummary) -> Lease | Joined:
        await super().create(new)
        raise LogDown


@in_jumping_time
async def test_what_was_begun_unheard_is_not_joined() -> None:
    """Nobody writes it: a 202 for it would be a promise that nobody keeps."""
    runs, upstream = some_runs(log=Unheard(grace_s=10, keep_s=600, keep_bytes=1 << 20))
    with pytest.raises(RequestRefused) as caught:
        await runs.start_or_join(REQUEST, idempotency=NAME)
    assert caught.value.problem.code == "log_unavailable"
    assert upstream.prompts == []


class Clumsy(Telemetry):
    """Fails the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    @override
    def observe(self, id: str, **more: object) -> Observer:
        self.tries += 1
        if self.tries == 1:
            raise RuntimeError("ours")
        return Observer()


@in_jumping_time
async def test_a_bug_on_the_way_in_keeps_no_place() -> None:
    """Nor a summary that nobody writes: who listens to it is let go."""
    log = a_log()
    runs = Runs(
        upstreams=[ScriptedUpstream(script=['{"bullets": []}'])],
        log=log,
        settings=Settings(max_streams=1),
        telemetry=Clumsy(),
    )
    with pytest.raises(RuntimeError, match="ours"):
        await runs.start_or_join(REQUEST, idempotency=NAME)
    joined = await log.find("", NAME)
    assert joined is not None
    async with log.listen(joined.id, "", None) as events:
        assert [event async for event in events] == []
    run = await runs.start(REQUEST)
    await settle()
    assert (await last_event(runs, run.id)).final
