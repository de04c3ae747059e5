"""When the requests of an open loop are due: a Poisson process, the same for the same seed."""

import math
import random
from collections.abc import Iterator


def poisson(rate: float, *, ramp_up_s: float, seed: int) -> Iterator[float]:
    """Seconds since the start, without end: on average `rate` a second, rising to it evenly from nothing at first.

    A Poisson process of rate 1 on another clock: its k-th event is due when the expected number of requests so far
    reaches it (Çinlar, Introduction to Stochastic Processes, 1975, section 4.7, on inverting the mean).
    """
    draw = random.Random(seed)
    expected = 0.0
    while True:
        expected += draw.expovariate(1.0)
        yield _when(expected, rate, ramp_up_s)


def _when(expected: float, rate: float, ramp_up_s: float) -> float:
    """The time until which so many are expected: rate·t²/(2·ramp) while it rises, rate·(t - ramp/2) from then on."""
    in_ramp = rate * ramp_up_s / 2
    if expected < in_ramp:
        return math.sqrt(2 * ramp_up_s * expected / rate)
    return expected / rate + ramp_up_s / 2
