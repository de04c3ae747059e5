"""Summaries at once and tokens a day, in memory: the twin of `quotas.lua`, line by line."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S, Reservation, Standing


@dataclass(slots=True)
class _Account:
    """Of one key; what is open is bounded by how many summaries a process runs."""

    open: dict[str, tuple[float, int]] = field(default_factory=dict)  # id -> when it runs out, tokens
    day: int = 0  # since 1970, UTC
    spent: int = 0  # on that day

    def spent_on(self, day: int) -> int:
        return self.spent if day == self.day else 0

    def charge(self, when: float, tokens: int) -> None:
        day = int(when // DAY_S)
        if day > self.day:
            self.day, self.spent = day, 0
        if day == self.day:
            self.spent += tokens

    def charge_what_ran_out(self, now: float) -> None:
        for id, (until, tokens) in list(self.open.items()):
            if until <= now:
                del self.open[id]
                self.charge(until, tokens)


class Quotas:
    """`clock` gives seconds since 1970, UTC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}  # by key; as many as there are keys

    def reserve(self, wanted: Reservation) -> Standing | None:
        """See `Limiter.reserve`."""
        now = self._clock()
        account = self._accounts.setdefault(wanted.key, _Account())
        account.charge_what_ran_out(now)
        if wanted.id in account.open:
            return None
        held = sum(tokens for _, tokens in account.open.values())
        spent = account.spent_on(int(now // DAY_S))
        if refused := refusal(wanted, now=now, running=len(account.open), held=held, spent=spent):
            return refused
        account.open[wanted.id] = (now + wanted.for_s, wanted.tokens)
        return None

    def settle(self, key: str, id: str, tokens: int, *, lost: bool) -> None:
        """See `Limiter.settle`."""
        now = self._clock()
        account = self._accounts.setdefault(key, _Account())
        account.charge_what_ran_out(now)
        if reserved := account.open.pop(id, None):
            account.charge(now, tokens + reserved[1] * lost)


def refusal(wanted: Reservation, *, now: float, running: int, held: int, spent: int) -> Standing | None:
    """The limit that this would break, as things are: `running` summaries, `held` and `spent` tokens."""
    if wanted.streams is not None and running >= wanted.streams:
        return Standing(policy="streams", quota=wanted.streams, left=0, reset_s=RETRY_SOON_S)
    quota = wanted.tokens_per_day
    if quota is None or spent + held + wanted.tokens <= quota:
        return None
    # If only what is held stands in the way, some of it may be given back when a summary ends.
    until_midnight = DAY_S - int(now % DAY_S)
    reset_s = RETRY_SOON_S if spent + wanted.tokens <= quota else until_midnight
    return Standing(policy="tokens", quota=quota, left=max(quota - spent - held, 0), reset_s=reset_s)
