"""Runs all levels against one target, and keeps what was measured, however it ends."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.load.arrivals import poisson
from benchmarks.load.client import Client, is_alive, session_for
from benchmarks.load.cores import Cores, available_cores, pin_apart
from benchmarks.load.drive import Driver
from benchmarks.load.journal import note_lags, read_journal
from benchmarks.load.level import Course, Level
from benchmarks.load.options import Options
from benchmarks.load.outcome import Outcome
from benchmarks.load.processes import fake_upstream, service
from benchmarks.load.progress import Progress
from benchmarks.load.pulse import feel_pulse
from benchmarks.load.tally import LevelRun
from benchmarks.load.target import Target
from benchmarks.load.texts import script_of

# A call ends a moment after its stream's last event; then its line is in the journal.
_LAST_LINES_S = 0.5


class NobodyThere(Exception):
    """The target does not answer at all."""


@dataclass(slots=True)
class LoadTest:
    """One run of these options; `levels` are those that were begun, the last of them perhaps broken off."""

    options: Options
    progress: Progress
    levels: list[LevelRun] = field(default_factory=list)
    cores: Cores | None = None

    async def run(self) -> None:
        """Raises NobodyThere, CannotStart. A cancellation ends it, and leaves `levels` as far as they came."""
        with tempfile.TemporaryDirectory(prefix="streamsum-load-") as folder:
            journal = self.options.journal or Path(folder) / "journal.jsonl"
            try:
                async with self._target(Path(folder), journal) as target, session_for(target) as session:
                    if not await is_alive(session, target):
                        raise NobodyThere("nobody answers at --url")
                    for level in self.options.levels:
                        await self._run_level(level, session, target)
                    if self.options.journal:
                        await asyncio.sleep(_LAST_LINES_S)
            finally:
                outcomes = [outcome for run in self.levels for outcome in run.outcomes]
                note_lags(outcomes, read_journal(journal, {each.tag for each in outcomes}))

    @asynccontextmanager
    async def _target(self, folder: Path, journal: Path) -> AsyncIterator[Target]:
        """The one that is given, or one of our own, pinned apart from us."""
        options = self.options
        if options.target is not None:
            yield options.target
            return
        self.cores = cores = pin_apart(available_cores())
        self.progress.say(f"starting the service and a fake upstream (cores: {cores}) …")
        script = script_of(options.upstream.bullets)
        async with (
            fake_upstream(script, options.upstream.arguments, cores.upstream, folder=folder, journal=journal) as model,
            service(model, options.service_settings, cores.service) as url,
        ):
            with cores.generator_pinned():
                yield Target.read(url)

    async def _run_level(self, level: Level, session: aiohttp.ClientSession, target: Target) -> None:
        options, loop = self.options, asyncio.get_running_loop()
        tagged = options.journal is not None or options.target is None
        client = Client(
            session, target, options.texts, fields=options.fields, tagged=tagged, timeout_s=options.timeout_s
        )
        outcomes: list[Outcome] = []
        course = Course(options.pacing, loop.time())
        driver = Driver(client, course, outcomes)
        async with feel_pulse() as pulse:
            try:
                async with self.progress.showing(level.name, lambda: _look(driver, course, loop.time())):
                    await self._drive(level, driver)
            finally:
                ended = _window_end(course, outcomes, loop.time(), by_time=options.pacing.duration_s is not None)
                self.levels.append(LevelRun(level, course.began, course.measured_from, ended, outcomes, pulse))

    async def _drive(self, level: Level, driver: Driver) -> None:
        pacing = self.options.pacing
        if level.mode == "closed":
            await driver.run_closed(round(level.load), ramp_up_s=pacing.ramp_up_s)
        else:
            await driver.run_open(poisson(level.load, ramp_up_s=pacing.ramp_up_s, seed=pacing.seed))


def _look(driver: Driver, course: Course, now: float) -> tuple[float, str]:
    """How far a level is, and in words."""
    part = max((now - course.began) / (course.ends - course.began), course.measured_part)
    words = f"{now - course.began:.0f} s, {driver.done} done, {driver.failed} errors"
    return part, f"{words}, {course.started - driver.done} open"


def _window_end(course: Course, outcomes: list[Outcome], now: float, *, by_time: bool) -> float:
    """When measuring ended: with its time; with the last of the requests asked for; or now, if it was broken off."""
    if by_time:
        return min(course.ends, now)
    return max((each.ended_at for each in outcomes if each.measured and each.total is not None), default=now)
