"""A loop whose clock stands still while the machine does.

Two cores are shared with others, who take them away for a tenth of a second, and now and then for ten. A test
that gives a model 0.7 s to go on would see it fall silent then. Here such a gap counts as `GAP_S` at most, however
long it was; time in which the loop has nothing to do counts in full. Other processes have clocks of their own, Redis
among them.
"""

import asyncio
import selectors
import time

from typing_extensions import override

GAP_S = 0.1
_TURN_S = GAP_S / 2


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]  # differs by platform
    def __init__(self) -> None:
        super().__init__()
        self._seen = self._steady_s = time.monotonic()

    def time(self) -> float:
        seen, self._seen = self._seen, time.monotonic()
        self._steady_s += min(self._seen - seen, GAP_S)
        return self._steady_s

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # In turns: of one long wait nobody could say how much the machine has slept through. The loop asks again.
        return super().select(_TURN_S if timeout is None else min(timeout, _TURN_S))


class SteadyLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._steady = _Selector()
        super().__init__(self._steady)

    @override
    def time(self) -> float:
        return self._steady.time()
