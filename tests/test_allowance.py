"""runs/limits/allowance.py: what is reserved is settled, whatever happens to the limiter meanwhile."""

import asyncio
from typing import Literal

import pytest
from typing_extensions import override

from streamsum.errors import LimiterDown, RequestRefused
from streamsum.keys_file import Key
from streamsum.runs.limits.allowance import AGAIN_S, LAST_WORDS_S, SPARE_S, Allowance
from streamsum.runs.limits.limiter import OverLimit, Reservation, Standing
from streamsum.runs.limits.memory import MemoryLimiter
from streamsum.runs.limits.tab import Tab
from tests.jumping_clock import in_jumping_time, now, settle

ALICE = Key(name="alice", streams=1, tokens_per_day=100)
TOTAL_S = 300.0


class Moody(MemoryLimiter):
    """One that can be away; then a reservation may be made all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.settled: list[tuple[str, int]] = []
        self.inherited: list[tuple[str, int]] = []

    @override
    async def reserve(self, wanted: Reservation) -> Standing | None:
        refused = await super().reserve(wanted)
        if self.error:
            raise self.error
        return refused

    @override
    async def inherit(self, wanted: Reservation) -> None:
        if self.error:
            raise self.error
        self.inherited.append((wanted.id, wanted.turn))
        await super().inherit(wanted)

    @override
    async def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        if self.error:
            raise self.error
        self.settled.append((id, tokens))
        await super().settle(key, id, tokens, turn=turn, goes_on=goes_on)


def an_allowance(limiter: Moody, *, when_down: Literal["closed", "open"] = "closed") -> Allowance:
    return Allowance(limiter, when_down=when_down, total_s=TOTAL_S)


@in_jumping_time
async def test_what_is_over_a_limit_is_refused() -> None:
    """With how that limit stands."""
    allowance = an_allowance(Moody())
    await allowance.reserve(ALICE, "a", 10)
    with pytest.raises(OverLimit) as caught:
        await allowance.reserve(ALICE, "b", 10)
    assert (caught.value.problem.status, caught.value.problem.code) == (429, "too_many_streams")
    assert caught.value.standing.policy == "streams"
    await allowance.settle("alice", "a", 95)
    with pytest.raises(OverLimit) as caught:
        await allowance.reserve(ALICE, "b", 10)
    assert (caught.value.problem.code, caught.value.standing.left) == ("budget_exhausted", 5)
    await allowance.aclose()


@in_jumping_time
async def test_what_no_day_has_room_for_is_refused_in_words_that_say_so() -> None:
    """To come back tomorrow would be in vain; nothing is reserved."""
    allowance = an_allowance(Moody())
    with pytest.raises(OverLimit) as never:
        await allowance.reserve(ALICE, "a", 101)
    await allowance.reserve(ALICE, "b", 90)
    await allowance.settle("alice", "b", 90)
    with pytest.raises(OverLimit) as not_today:
        await allowance.reserve(ALICE, "c", 90)
    for caught in (never, not_today):
        assert (caught.value.problem.status, caught.value.problem.code) == (429, "budget_exhausted")
    assert "for a whole day" in never.value.problem.detail
    assert "for a whole day" not in not_today.value.problem.detail
    await allowance.aclose()


@in_jumping_time
async def test_tokens_are_only_reserved_where_they_are_limited() -> None:
    """Or a limit that comes later would find strange debts."""
    allowance = an_allowance(Moody())
    await allowance.reserve(Key(name="alice", streams=5), "a", 1000)
    await allowance.reserve(Key(name="alice", streams=5, tokens_per_day=10), "b", 10)
    await allowance.aclose()


@in_jumping_time
async def test_closed_refuses_what_cannot_be_counted_and_keeps_nothing_of_it() -> None:
    """The answer was lost, not the question."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    limiter.error = LimiterDown()
    with pytest.raises(RequestRefused) as caught:
        await allowance.reserve(ALICE, "a", 10)
    assert caught.value.problem.code == "limiter_unavailable"
    limiter.error = None
    await asyncio.sleep(2 * AGAIN_S)
    await allowance.reserve(ALICE, "b", 100)
    assert limiter.settled == [("a", 0)]


@in_jumping_time
@pytest.mark.parametrize("error", [asyncio.CancelledError(), ValueError()], ids=repr)
async def test_who_does_not_wait_for_the_answer_has_nothing_reserved(error: BaseException) -> None:
    """A request that is cancelled in the middle of the question; and a bug."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    limiter.error = error
    with pytest.raises(type(error)):
        await allowance.reserve(ALICE, "a", 100)
    limiter.error = None
    await settle()
    assert limiter.settled == [("a", 0)]
    await allowance.reserve(ALICE, "b", 100)


@in_jumping_time
async def test_open_lets_in_what_cannot_be_counted() -> None:
    """And settles it, should it have been."""
    limiter = Moody()
    allowance = an_allowance(limiter, when_down="open")
    limiter.error = LimiterDown()
    await allowance.reserve(ALICE, "a", 10)
    limiter.error = None
    await allowance.settle("alice", "a", 7)
    assert limiter.settled == [("a", 7)]


@in_jumping_time
async def test_what_cannot_be_settled_is_settled_later() -> None:
    """Nobody waits for it; and it is given up when the reservation has run out."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    limiter.error = LimiterDown()
    begun = now()
    await allowance.settle("alice", "a", 7)
    assert now() == begun
    await asyncio.sleep(10 * AGAIN_S)
    limiter.error = None
    await asyncio.sleep(2 * AGAIN_S)
    assert limiter.settled == [("a", 7)]
    limiter.error = LimiterDown()
    await allowance.settle("alice", "b", 7)
    await asyncio.sleep(TOTAL_S + SPARE_S + AGAIN_S)
    limiter.error = None
    await asyncio.sleep(10 * AGAIN_S)
    assert len(limiter.settled) == 1


@in_jumping_time
async def test_what_could_not_be_inherited_is_before_it_is_settled() -> None:
    """Nobody waits for it, and the summary goes on meanwhile."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    await allowance.reserve(ALICE, "a", 60)
    tab = Tab(allowance, allowance.reservation(ALICE, "a", 60, turn=1))
    limiter.error = LimiterDown()
    begun = now()
    await tab.open()
    await tab.settle(5)
    assert now() == begun
    limiter.error = None
    await asyncio.sleep(2 * AGAIN_S)
    assert (limiter.inherited, limiter.settled) == ([("a", 1)], [("a", 5)])
    await allowance.reserve(ALICE, "b", 35)
    await allowance.settle("alice", "b", 0)
    with pytest.raises(OverLimit):
        await allowance.reserve(ALICE, "c", 36)


@in_jumping_time
async def test_what_is_inherited_is_so_once() -> None:
    """Whoever let it in has reserved for it, and whoever took it over has said so."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    for turn in (0, 1):
        tab = Tab(allowance, allowance.reservation(ALICE, "a", 60, turn=turn))
        await tab.open()
        await tab.hand_on(5)
    assert limiter.inherited == [("a", 1)]


@in_jumping_time
async def test_a_release_takes_no_time() -> None:
    """It is done in the background."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    await allowance.reserve(ALICE, "a", 100)
    allowance.release("alice", "a")
    await settle()
    await allowance.reserve(ALICE, "b", 100)


@in_jumping_time
async def test_at_the_end_it_waits_for_what_can_still_be_settled() -> None:
    """A moment, and no longer."""
    limiter = Moody()
    allowance = an_allowance(limiter)
    allowance.release("alice", "a")
    await allowance.aclose()
    assert limiter.settled == [("a", 0)]
    limiter.error = LimiterDown()
    allowance.release("alice", "b")
    begun = now()
    await allowance.aclose()
    assert now() == begun + LAST_WORDS_S


@in_jumping_time
async def test_a_bug_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """The reservation runs out by itself."""
    limiter = Moody()
    limiter.error = ValueError("canary-1d9e")
    allowance = an_allowance(limiter)
    allowance.release("alice", "a")
    await allowance.settle("alice", "b", 7)
    await Tab(allowance, allowance.reservation(ALICE, "c", 60, turn=1)).open()
    await allowance.aclose()
    assert caplog.text.count("error=ValueError at ") == 3
    assert "canary" not in caplog.text
