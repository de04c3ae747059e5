"""One level of load, and its course: when requests may start, and which of them count."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

# Every outcome is kept, about 1 KB each, and a load test ends by itself.
MAX_REQUESTS = 100_000
MAX_DURATION_S = 3_600.0
# A generator of one process has no use for more; each is a connection, of which a system allows some thousand.
MAX_IN_FLIGHT = 2_000
MAX_RATE = 2_000.0
# A sweep is bounded as a whole, not only each of its levels.
MAX_LEVELS = 20

Mode: TypeAlias = Literal["closed", "open"]


@dataclass(frozen=True, slots=True)
class Level:
    """`closed`: `load` clients, each asking again when it has been answered. `open`: `load` requests a second."""

    mode: Mode
    load: float

    @property
    def name(self) -> str:
        """As it is called in the results."""
        return f"concurrency {self.load:g}" if self.mode == "closed" else f"rate {self.load:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The same for all levels; in seconds. What starts while the load ramps up or the service warms up is not measured.

    Requests are measured for `duration_s`; or until there are `requests` of them, at the longest for MAX_DURATION_S.
    """

    ramp_up_s: float = 0.0
    warm_up_s: float = 0.0
    duration_s: float | None = None
    requests: int | None = None
    seed: int = 0

    @property
    def before_s(self) -> float:
        """How long nothing is measured."""
        return self.ramp_up_s + self.warm_up_s


class Course:
    """The course of one level that began at `began`, on the clock of all the times here."""

    def __init__(self, pacing: Pacing, began: float) -> None:
        self.began = began
        self.measured_from = began + pacing.before_s
        self.ends = self.measured_from + (pacing.duration_s or MAX_DURATION_S)
        self._requests = MAX_REQUESTS if pacing.requests is None else pacing.requests
        self.started = 0
        self.measured = 0

    @property
    def measured_part(self) -> float:
        """Of the requests that are to be measured, so many have started."""
        return self.measured / self._requests

    def admit(self, at: float) -> bool | None:
        """May a request start at this time? `None`: no more. Else, is it measured?"""
        if at >= self.ends or self.started >= MAX_REQUESTS or self.measured >= self._requests:
            return None
        self.started += 1
        measured = at >= self.measured_from
        self.measured += measured
        return measured
