"""Closed and open loops, in time that jumps: who is sent when, and what becomes of it."""

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.load.drive import PAUSE_AFTER_ERROR_S, Driver
from benchmarks.load.level import MAX_IN_FLIGHT, Course, Pacing
from benchmarks.load.outcome import INTERRUPTED, Outcome
from tests.jumping_clock import in_jumping_time, now


class Sender:
    """Each request takes its time, and ends with its error; it notes when it was sent, and how many were open."""

    def __init__(self, takes: Callable[[int], float], error: Callable[[int], str | None] = lambda _: None) -> None:
        self.takes, self.error = takes, error
        self.open = self.most_open = 0

    def new(self, number: int, scheduled_at: float, *, measured: bool) -> Outcome:
        return Outcome(number=number, tag="", text="", scheduled_at=scheduled_at, measured=measured)

    async def send(self, outcome: Outcome, place: asyncio.Semaphore) -> None:
        async with place:
            self.open += 1
            self.most_open = max(self.open, self.most_open)
            outcome.waited = now() - outcome.scheduled_at
            await asyncio.sleep(self.takes(outcome.number))
            outcome.error, outcome.total = self.error(outcome.number), now() - outcome.scheduled_at
            self.open -= 1


def driver(sender: Sender, pacing: Pacing) -> tuple[Driver, list[Outcome]]:
    outcomes: list[Outcome] = []
    return Driver(sender, Course(pacing, now()), outcomes), outcomes


@in_jumping_time
async def test_a_closed_loop_asks_again_when_answered() -> None:
    """Three clients, a second each, for five seconds: three are open, never more, and all are waited for."""
    sender = Sender(lambda _: 1.0)
    it, outcomes = driver(sender, Pacing(duration_s=5))
    await it.run_closed(3, ramp_up_s=0)
    assert (sender.most_open, sender.open) == (3, 0)
    assert sorted(round(each.scheduled_at) for each in outcomes) == [second for second in range(5) for _ in range(3)]
    assert (it.done, it.failed) == (15, 0)
    assert all(each.waited == 0 and each.ok for each in outcomes)


@in_jumping_time
async def test_clients_come_one_after_the_other() -> None:
    """Evenly over the ramp, so that they do not keep step for ever."""
    it, outcomes = driver(Sender(lambda _: 100.0), Pacing(ramp_up_s=4, duration_s=1))
    await it.run_closed(4, ramp_up_s=4)
    assert [each.scheduled_at for each in outcomes] == pytest.approx([0, 1, 2, 3])


@in_jumping_time
async def test_a_client_rests_after_an_error() -> None:
    """A service that refuses at once is not flooded."""
    it, outcomes = driver(Sender(lambda _: 0.0, lambda _: "overloaded"), Pacing(duration_s=1))
    await it.run_closed(1, ramp_up_s=0)
    assert len(outcomes) == it.failed == pytest.approx(1 / PAUSE_AFTER_ERROR_S, abs=1)


@in_jumping_time
async def test_an_open_loop_does_not_wait_for_answers() -> None:
    """Each is sent when it is due, whatever became of the ones before; latency counts from then."""
    sender = Sender(lambda number: 10.0 - number)
    it, outcomes = driver(sender, Pacing(duration_s=3))
    await it.run_open([0.5, 0.6, 2.0, 3.5])
    assert [each.scheduled_at for each in outcomes] == pytest.approx([0.5, 0.6, 2.0])
    assert [each.total for each in outcomes] == pytest.approx([10, 9, 8])
    assert sender.most_open == 3


@in_jumping_time
async def test_what_has_no_place_waits_and_says_so() -> None:
    """Over the bound requests wait; the waiting is in their times."""
    sender = Sender(lambda _: 7.0)
    it, outcomes = driver(sender, Pacing(duration_s=3))
    await it.run_open([1.0] * (MAX_IN_FLIGHT + 2))
    assert sender.most_open == MAX_IN_FLIGHT
    assert [each.waited for each in outcomes[-2:]] == pytest.approx([7, 7])
    assert [each.total for each in outcomes[-2:]] == pytest.approx([14, 14])


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_what_is_interrupted_is_kept_and_counts_for_nothing(mode: str) -> None:
    """Those that ended stay as they are; those that were open, or not yet due, are interrupted."""

    @in_jumping_time
    async def interrupt() -> None:
        it, outcomes = driver(Sender(lambda number: 1.0 if number == 0 else 100.0), Pacing(duration_s=50))
        run = it.run_closed(1, ramp_up_s=0) if mode == "closed" else it.run_open([0.0, 0.5, 40.0])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await run
        assert [each.error for each in outcomes] == [None, *[INTERRUPTED] * (len(outcomes) - 1)]
        assert len(outcomes) == (2 if mode == "closed" else 3)

    interrupt()
