"""Loops whose clock stands still while the machine does.

Two cores are shared with others, who take them away for a tenth of a second, and now and then for ten. A test that
gives a model 0.7 s to go on would see it fall silent then. Here such a gap counts as `GAP_S` at most, however long it
was; time in which the loop has nothing to do counts in full. Other processes have clocks of their own, Redis among
them.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any

import uvloop
from typing_extensions import override

GAP_S = 0.1
# Nothing waits for longer at once, or nobody could say how much of it the machine has slept through.
_TURN_S = GAP_S / 2


class _Clock:
    """It has to be looked at more often than every `GAP_S`."""

    def __init__(self) -> None:
        self._seen = self._steady_s = time.monotonic()

    def now(self) -> float:
        seen, self._seen = self._seen, time.monotonic()
        self._steady_s += min(self._seen - seen, GAP_S)
        return self._steady_s


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]  # differs by platform
    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(_TURN_S if timeout is None else min(timeout, _TURN_S))  # the loop asks again


class SteadyLoop(asyncio.SelectorEventLoop):
    """asyncio's own."""

    def __init__(self) -> None:
        self._steady = _Clock()
        super().__init__(_Selector())

    @override
    def time(self) -> float:
        return self._steady.now()


class SteadyUvloop(uvloop.Loop):
    """libuv's; its own timers are wound again until they are due by this clock."""

    def __init__(self) -> None:
        super().__init__()
        self._steady = _Clock()

    @override
    def time(self) -> float:
        return self._steady.now()

    @override
    def call_later(  # type: ignore[override]  # the same, said in fewer words
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> "_Timer":
        return self.call_at(self.time() + delay, callback, *args, context=context)

    @override
    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> "_Timer":
        timer = _Timer(when, lambda: callback(*args))
        self._wind(timer, context)
        return timer

    def _wind(self, timer: "_Timer", context: Context | None) -> None:
        if timer.cancelled():
            return
        if (left := timer.when() - self.time()) > 0:
            super().call_later(min(left, _TURN_S), self._wind, timer, context, context=context)
        else:
            timer.ring()


class _Timer(asyncio.TimerHandle):
    def __init__(self, when: float, ring: Callable[[], object]) -> None:
        self._due = when
        self._ring: Callable[[], object] | None = ring

    @override
    def when(self) -> float:
        return self._due

    @override
    def cancel(self) -> None:
        self._ring = None  # what it holds goes at once

    @override
    def cancelled(self) -> bool:
        return self._ring is None

    def ring(self) -> None:
        if self._ring:
            self._ring()
