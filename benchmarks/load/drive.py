"""Drives one level: a closed loop of clients, or an open one of arrivals.

Outcomes are put into a list of the caller's when they begin, so that nothing is lost, however a level ends.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from benchmarks.load.level import MAX_IN_FLIGHT, Course
from benchmarks.load.outcome import Outcome

# A service that refuses at once is not to be asked as fast as the machine can: this is a load test, not a flood.
PAUSE_AFTER_ERROR_S = 0.1


class Sender(Protocol):
    """What a client does: `send` never raises, but for a cancellation."""

    def new(self, number: int, scheduled_at: float, *, measured: bool) -> Outcome:
        """The outcome to be."""

    async def send(self, outcome: Outcome, place: asyncio.Semaphore) -> None:
        """Send and listen to the end; sent when there is a place."""


class Driver:
    """Starts requests as its course admits them, and waits for all: `done` are over, `failed` of them with an error."""

    def __init__(self, sender: Sender, course: Course, outcomes: list[Outcome]) -> None:
        self._sender = sender
        self._course = course
        self._outcomes = outcomes
        self.done = 0
        self.failed = 0
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(MAX_IN_FLIGHT)

    async def run_closed(self, clients: int, *, ramp_up_s: float) -> None:
        """So many clients, each with one request at a time; they come one after the other while the load ramps up."""
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(self._be_client(self._course.began + ramp_up_s * number / clients))

    async def run_open(self, arrivals: Iterable[float]) -> None:
        """A request at each of these times (seconds since the course began), whatever became of the ones before."""
        async with asyncio.TaskGroup() as group:
            for at in arrivals:
                due = self._course.began + at
                if (outcome := self._begin(due)) is None:
                    break
                await self._sleep_until(due)
                group.create_task(self._send(outcome))

    async def _be_client(self, comes_at: float) -> None:
        await self._sleep_until(comes_at)
        while (outcome := self._begin(self._loop.time())) is not None:
            await self._send(outcome)
            if not outcome.ok:
                await asyncio.sleep(PAUSE_AFTER_ERROR_S)

    def _begin(self, at: float) -> Outcome | None:
        measured = self._course.admit(at)
        if measured is None:
            return None
        outcome = self._sender.new(len(self._outcomes), at, measured=measured)
        self._outcomes.append(outcome)
        return outcome

    async def _send(self, outcome: Outcome) -> None:
        await self._sender.send(outcome, self._places)
        self.done += 1
        self.failed += not outcome.ok

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self._loop.time()))
