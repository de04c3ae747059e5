"""Levels as they were run, made up."""

from collections.abc import Sequence
from typing import Any

from benchmarks.load.level import Level
from benchmarks.load.outcome import Outcome
from benchmarks.load.pulse import Pulse
from benchmarks.load.summary import VERSION, LevelSummary, LoadSummary
from benchmarks.load.tally import LevelRun, tally

TEN = Level("closed", 10)


def outcome(at: float = 0, **more: Any) -> Outcome:
    """A good one, due at this time: bullets after 1 and 3 s, the end after 4."""
    good: dict[str, Any] = {
        "number": 0,
        "tag": "",
        "text": "a",
        "measured": True,
        "waited": 0.001,
        "status": 200,
        "headers": 0.5,
        "first_event": 0.5,
        "bullets": [1.0, 3.0],
        "elements": [0, 1],
        "total": 4.0,
        "bytes": 100,
        "finish": "complete",
        "ended": True,
        "error": None,
    }
    return Outcome(scheduled_at=at, **(good | more))


def failed(at: float = 0, error: str = "overloaded", **more: Any) -> Outcome:
    none: dict[str, Any] = {"status": 503, "bullets": [], "elements": [], "finish": None, "ended": False, "total": 0.1}
    return outcome(at, error=error, **(none | more))


def level_run(outcomes: Sequence[Outcome], *, level: Level = TEN, late: Sequence[float] = (0.001,)) -> LevelRun:
    """Of ten seconds, all of them measured, by a generator that was hardly busy."""
    pulse = Pulse(late=list(late), cpu_s=1.0, wall_s=10.0)
    return LevelRun(level, began=0.0, measured_from=0.0, ended=10.0, outcomes=outcomes, pulse=pulse)


def level_summary(outcomes: Sequence[Outcome], **more: Any) -> LevelSummary:
    return tally(level_run(outcomes, **more), {})


def load_summary(*levels: LevelSummary) -> LoadSummary:
    return LoadSummary(
        version=VERSION,
        started_at="2026-11-22T12:00:00+00:00",
        interrupted=False,
        environment={"python": "3.11"},
        settings={"seed": 0},
        levels=levels,
        verdicts=(),
    )
