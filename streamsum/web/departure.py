"""The client's leaving, watched from the first moment: the server tells of it on `receive()` and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message, Receive, Send


class ClientGone(Exception):
    """Nobody is there to be answered: not an error, and nothing to log."""


@asynccontextmanager
async def departure(receive: Receive) -> AsyncIterator[None]:
    """When the client leaves, whatever the block waits for is given up, and ClientGone comes out of it.

    Enter it when the body has been read.
    """
    loop = asyncio.get_running_loop()
    scope = asyncio.timeout(None)
    watch = asyncio.create_task(_until_gone(receive))
    is_left = False

    def interrupt(_watch: "asyncio.Task[None]") -> None:
        if not is_left:  # it may be on its way already when the block ends
            scope.reschedule(loop.time())

    watch.add_done_callback(interrupt)
    try:
        async with scope:
            try:
                yield
            finally:
                is_left = True
    except TimeoutError:
        if scope.expired():
            raise ClientGone from None
        raise
    finally:
        await let_go(watch)


async def let_go(task: "asyncio.Task[Any]") -> None:
    """Cancel it, and look at how it ended, or asyncio would print that."""
    task.cancel()
    await asyncio.wait([task])
    task.cancelled() or task.exception()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # what else a client sends belongs to its next request


def bounded(send: Send, *, blocked_s: float) -> Send:
    """`send` that waits no longer than that for a client that takes nothing, and raises ClientGone.

    An OSError is how servers of ASGI 2.4 and later tell of a departure here; below that they drop what is sent.
    """

    async def send_within(message: Message) -> None:
        try:
            async with asyncio.timeout(blocked_s):
                await send(message)
        except OSError:  # TimeoutError is one
            raise ClientGone from None

    return send_within
