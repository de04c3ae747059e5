"""The clocks of the Redis log."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """In seconds; arguments, so that tests need not wait for them."""

    lease_s: float = 10.0  # without renewal a process counts as dead: longer than any pause of a healthy one
    renew_s: float = 3.0  # two renewals may be lost
    look_s: float = 1.0  # between looks for orphans, and at the server: with the lease it makes 15 s from death to heir
    answer_s: float = 2.0  # for one command: a thousand times what it takes
    hold_s: float = 5.0  # an outage that running summaries wait out
    again_s: float = 0.1  # between tries
