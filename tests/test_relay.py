"""runs/relay.py: how long one summary looks for another upstream."""

import asyncio

import pytest

from streamsum.core.passes import Cause, End
from streamsum.runs.health import Health
from streamsum.runs.relay import Relay
from streamsum.runs.routing import AGAIN_S, Next
from tests.jumping_clock import in_jumping_time, now
from tests.scripted import ScriptedUpstream

A, B = ScriptedUpstream(name="a"), ScriptedUpstream(name="b")


def relay(*upstreams: ScriptedUpstream) -> Relay:
    return Relay(upstreams or (A, B), health=Health(now), admitted=now(), first_byte_s=5, stall_s=30)


@in_jumping_time
async def test_the_first_is_asked_first() -> None:
    """Until something has been tried."""
    it = relay()
    assert it.first is A
    assert it.next("first") == Next(A)


@pytest.mark.parametrize(
    ("after_s", "expected"), [(0, Next(A, 4)), (2, None), (5, Next(A, 4)), (25, Next(A, 4)), (27, None), (40, None)]
)
@in_jumping_time
async def test_as_long_as_a_status_may_be_told_and_then_as_a_model_may_be_silent(
    after_s: float, expected: Next | None
) -> None:
    """Four seconds are waited for where there are as many left of the five; once those are over, of the thirty."""
    it = relay(A)
    await asyncio.sleep(after_s)
    it.note_end(A, End(Cause.OVERLOADED, retry_after=4), begun=False, health=Cause.CANCELLED)
    assert it.next("first") == expected


@pytest.mark.parametrize(("cause", "answered"), [(Cause.TIMEOUT, False), (Cause.CUT, True), (Cause.ERROR, True)])
@in_jumping_time
async def test_what_was_heard_or_waited_for_is_where_it_counts_from(cause: Cause, answered: bool) -> None:
    """A model that was silent for all the time it had is not the next one's fault."""
    it = relay()
    await asyncio.sleep(100)
    it.note_call(A)
    if answered:
        it.note_answer()
    it.note_end(A, End(cause), begun=answered, health=Cause.CANCELLED)
    assert it.next("continue") == Next(B)
    await asyncio.sleep(29)
    it.note_call(B)
    it.note_end(B, End(Cause.ERROR), begun=False, health=Cause.CANCELLED)
    assert it.next("continue") == Next(B, AGAIN_S)
    await asyncio.sleep(2)
    assert it.next("continue") is None


@in_jumping_time
async def test_all_summaries_of_a_process_share_what_they_know() -> None:
    """Who has failed the others time and again is not this one's first; told once, by its name."""
    told: list[str] = []
    health = Health(now, on_rest=told.append)
    for _ in range(5):
        one = Relay([A, B], health=health, admitted=now(), first_byte_s=5, stall_s=30)
        one.note_call(A)
        one.note_end(A, End(Cause.ERROR), begun=False, health=Cause.ERROR)
    assert Relay([A, B], health=health, admitted=now(), first_byte_s=5, stall_s=30).first is B
    assert told == ["a"]


@in_jumping_time
async def test_one_callers_requests_send_nobody_to_rest() -> None:
    """What was refused may be one text; the next caller's is another."""
    health = Health(now)
    for _ in range(9):
        one = Relay([A, B], health=health, admitted=now(), first_byte_s=5, stall_s=30)
        one.note_call(A)
        one.note_end(A, End(Cause.REJECTED, of_request=True), begun=False, health=Cause.REJECTED)
    assert health.resting() == set()
