"""How hard to try again, and how long to wait in between."""

import random
from collections.abc import Callable
from dataclasses import dataclass

# A pause that doubles ends here, and whoever is asked to wait longer (`Retry-After`) is told so instead. Eight tries to
# go on with a stream are then about two minutes: longer than a rolling restart, shorter than a person's patience.
LONGEST_PAUSE_S = 30.0

# Where nothing runs yet, nobody has said what to wait: a server behind a load balancer is back in less.
FIRST_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """Tries in a row that bring nothing new: for a summary to begin (`starts`), and then to go on (`resumes`)."""

    starts: int = 3
    resumes: int = 8
    longest_pause_s: float = LONGEST_PAUSE_S


def pause_s(tries: int, *, base_s: float, longest_s: float, draw: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many tries in a row, 1 or more: `base_s`, doubled each time.

    Never sooner than that, and up to a quarter later, so that a server that comes back does not meet all at once.
    """
    doubled: float = base_s * 2 ** min(tries - 1, 16)
    return min(doubled, longest_s) * (1 + draw() / 4)
