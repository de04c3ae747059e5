"""Summaries at once and tokens a day, in memory: the twin of `quotas.lua`, line by line."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S, Reservation, Standing

# What was sent before and comes later than this does not come any more.
LATE_S = 600


@dataclass(slots=True)
class _Place:
    until: float
    tokens: int
    turn: int | None  # in which it is being spent; None: all that was spent is charged

    @property
    def unknown(self) -> int:
        """Who has died in the middle of a turn may have spent all that was reserved: nobody knows better."""
        return 0 if self.turn is None else self.tokens


@dataclass(slots=True)
class _Account:
    """Of one key; what is open is bounded by how many summaries a process runs, what is over by `LATE_S`."""

    open: dict[str, _Place] = field(default_factory=dict)  # by id
    over: dict[tuple[str, int], float] = field(default_factory=dict)  # id, turn -> when that is forgotten; oldest first
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

    def forget_the_old(self, now: float) -> None:
        for id, place in list(self.open.items()):
            if place.until <= now:
                del self.open[id]
                self.charge(place.until, place.unknown)
        while self.over and self.over[oldest := next(iter(self.over))] <= now:
            del self.over[oldest]


class Quotas:
    """`clock` gives seconds since 1970, UTC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}  # by key; as many as there are keys

    def reserve(self, wanted: Reservation) -> Standing | None:
        """See `Limiter.reserve`."""
        now, account = self._look(wanted.key)
        if (wanted.id, wanted.turn) in account.over or wanted.id in account.open:
            return None
        held = sum(place.tokens for place in account.open.values())
        spent = account.spent_on(int(now // DAY_S))
        if refused := refusal(wanted, now=now, running=len(account.open), held=held, spent=spent):
            return refused
        account.open[wanted.id] = _Place(now + wanted.for_s, wanted.tokens, wanted.turn)
        return None

    def inherit(self, wanted: Reservation) -> None:
        """See `Limiter.inherit`."""
        now, account = self._look(wanted.key)
        if (wanted.id, wanted.turn) in account.over:
            return
        place = account.open.get(wanted.id)
        if place is None:
            account.open[wanted.id] = _Place(now + wanted.for_s, wanted.tokens, wanted.turn)
        elif place.turn is None or place.turn < wanted.turn:
            account.charge(now, place.unknown)
            place.turn = wanted.turn

    def settle(self, key: str, id: str, tokens: int, *, turn: int = 0, goes_on: bool = False) -> None:
        """See `Limiter.settle`."""
        now, account = self._look(key)
        place = account.open.get(id)
        if place is not None and place.turn == turn:
            account.charge(now, tokens)
            place.turn = None
            if not goes_on:
                del account.open[id]
        account.over.pop((id, turn), None)  # the newest is the last
        account.over[id, turn] = now + LATE_S

    def _look(self, key: str) -> tuple[float, _Account]:
        now = self._clock()
        account = self._accounts.setdefault(key, _Account())
        account.forget_the_old(now)
        return now, account


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
