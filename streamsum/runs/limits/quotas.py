"""Summaries at once and tokens a day, in memory: the twin of `quotas.lua`, line by line."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streamsum.runs.limits.limiter import DAY_S, RETRY_SOON_S, Reservation, Standing


@dataclass(slots=True)
class _Account:
    """Of one key. Bounded: what is open by the process's own limit, the days by two."""

    open: dict[str, tuple[float, int]] = field(default_factory=dict)  # id -> when it runs out, tokens
    spent: dict[int, int] = field(default_factory=dict)  # day -> tokens


class Quotas:
    """`clock` gives seconds since 1970, UTC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}  # by key; as many as there are keys

    def reserve(self, wanted: Reservation) -> Standing | None:
        """See `Limiter.reserve`."""
        now = self._clock()
        account = self._accounts.setdefault(wanted.key, _Account())
        _charge_what_ran_out(account, now)
        if wanted.id in account.open:
            return None
        held = sum(tokens for _, tokens in account.open.values())
        spent = account.spent.get(int(now // DAY_S), 0)
        if refused := refusal(wanted, now=now, open=len(account.open), held=held, spent=spent):
            return refused
        account.open[wanted.id] = (now + wanted.for_s, wanted.tokens)
        return None

    def settle(self, key: str, id: str, tokens: int) -> None:
        """See `Limiter.settle`."""
        now = self._clock()
        account = self._accounts.setdefault(key, _Account())
        _charge_what_ran_out(account, now)
        if account.open.pop(id, None) is not None:
            _charge(account, now, tokens)


def _charge_what_ran_out(account: _Account, now: float) -> None:
    for id, (until, tokens) in list(account.open.items()):
        if until <= now:
            del account.open[id]
            _charge(account, until, tokens)


def _charge(account: _Account, when: float, tokens: int) -> None:
    day = int(when // DAY_S)
    account.spent[day] = account.spent.get(day, 0) + tokens
    for old in [each for each in account.spent if each < day - 1]:
        del account.spent[old]


def refusal(wanted: Reservation, *, now: float, open: int, held: int, spent: int) -> Standing | None:
    """The limit that this would break, as things are: `open` summaries, `held` and `spent` tokens."""
    if wanted.streams is not None and open >= wanted.streams:
        return Standing(policy="streams", quota=wanted.streams, left=0, reset_s=RETRY_SOON_S)
    quota = wanted.tokens_per_day
    if quota is None or spent + held + wanted.tokens <= quota:
        return None
    # If only what is held stands in the way, some of it may be given back when a summary ends.
    until_midnight = DAY_S - int(now % DAY_S)
    reset_s = RETRY_SOON_S if spent + wanted.tokens <= quota else until_midnight
    return Standing(policy="tokens", quota=quota, left=max(quota - spent - held, 0), reset_s=reset_s)
