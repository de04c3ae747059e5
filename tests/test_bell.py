"""runs/bell.py: who waits is woken, and nobody else."""

import asyncio

from streamsum.runs.bell import Bell


async def test_all_who_wait_are_woken() -> None:
    """And who comes later waits for the next time."""
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()
    late = asyncio.create_task(bell.wait())
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    await asyncio.sleep(0)
    assert not late.done()
    bell.ring()
    async with asyncio.timeout(1):
        await late


async def test_nobody_needs_to_wait() -> None:
    """It rings, and that is over."""
    bell = Bell()
    bell.ring()
    waiting = asyncio.create_task(bell.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.ring()
    async with asyncio.timeout(1):
        await waiting


async def test_who_gives_up_is_forgotten_and_holds_up_nobody() -> None:
    """Before it rings, and in the moment in which it does."""
    bell = Bell()
    first, second, third = (asyncio.create_task(bell.wait()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first], timeout=1)
    assert len(bell._waiting) == 2  # noqa: SLF001 - what is forgotten cannot be seen from outside
    second.cancel()
    bell.ring()
    await asyncio.wait([second, third], timeout=1)
    assert second.cancelled()
    assert not third.cancelled()
    assert bell._waiting == []  # noqa: SLF001
