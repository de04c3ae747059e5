"""A loop whose clock jumps to the next timer whenever nothing else is left to do: hours of waiting take no time.

    @in_jumping_time
    async def test_a_grace_of_an_hour_is_over_after_an_hour() -> None: ...

For code that waits only for timers and its own tasks. Waiting for what can never happen fails the test at once.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import wraps
from typing import Any, ParamSpec

from typing_extensions import override

P = ParamSpec("P")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type, unused-ignore]  # differs by platform
    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.jumped += timeout
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)
        self.timers: list[asyncio.TimerHandle] = []

    @override
    def time(self) -> float:
        return self._jumping.jumped

    @override
    def call_at(  # type: ignore[override]  # the same, said in fewer words
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = super().call_at(when, callback, *args, context=context)
        self.timers.append(timer)
        return timer


def in_jumping_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    return asyncio.get_running_loop().time()


def timers() -> int:
    """How many are still to ring."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return sum(not timer.cancelled() and timer.when() > loop.time() for timer in loop.timers)


async def settle() -> None:
    """Let everything happen that can happen now."""
    await asyncio.sleep(1e-6)
