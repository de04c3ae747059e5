"""Is there another pass to make, now that one has ended? What the document says to that; who serves it is routing's."""

from streamsum.core.document import Outcome
from streamsum.core.passes import Cause
from streamsum.core.reading import Reading

# Nothing was wrong with what was asked: another upstream may do better, or have more room.
_FAILED = {
    Cause.CUT,
    Cause.ERROR,
    Cause.OVERLOADED,
    Cause.REJECTED,
    Cause.TOO_LONG,
    Cause.TIMEOUT,
    Cause.LENGTH,
}


def can_continue(reading: Reading, cause: Cause) -> bool:
    """May another upstream go on where this pass ended? A re-ask that failed is let be."""
    if reading.kind == "reask" or reading.hangs_up:
        return False
    if reading.outcome is Outcome.ABSENT:
        return cause in _FAILED
    return reading.outcome is Outcome.OPEN and (cause in _FAILED or cause is Cause.STOP)


def can_be_asked_again(reading: Reading) -> bool:
    """Did the model finish, so that it may do better what was withheld?"""
    return reading.outcome in {Outcome.CLOSED, Outcome.BROKEN} and not reading.enough
