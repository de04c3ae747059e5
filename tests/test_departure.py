"""web/departure.py: the client's leaving interrupts whatever is waited for, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message

from streamsum.web.departure import ClientGone, bounded, departure

pytestmark = pytest.mark.both_loops


class Client:
    """Sends what is left of a body, and then nothing until it leaves."""

    def __init__(self, *messages: Message) -> None:
        self.left = asyncio.Event()
        self._messages = list(messages)

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}


async def test_what_is_waited_for_is_given_up() -> None:
    """ClientGone comes out, and no time-out or cancellation is left behind."""
    client = Client()
    asyncio.get_running_loop().call_soon(client.left.set)
    with pytest.raises(ClientGone):
        async with asyncio.timeout(5), departure(client.receive):
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)  # and may wait again


async def test_a_client_that_stays_disturbs_nothing() -> None:
    """What else it sends is not for this answer."""
    client = Client({"type": "http.request", "body": b"more"})
    async with departure(client.receive):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("turns", range(6))
async def test_who_leaves_as_the_answer_ends_is_told_once_or_not_at_all(turns: int) -> None:
    """At whichever turn of the loop the block ends: never an error that nobody catches."""
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    client = Client()
    try:
        async with departure(client.receive):
            await asyncio.sleep(0)
            client.left.set()
            for _ in range(turns):
                await asyncio.sleep(0)
    except ClientGone:
        assert turns
    for _ in range(3):
        await asyncio.sleep(0)
    assert unheard == []


async def test_a_server_that_fails_to_say_is_taken_for_a_departure() -> None:
    """Nobody could be answered any more."""

    async def receive() -> Message:
        raise OSError

    with pytest.raises(ClientGone):
        async with asyncio.timeout(5), departure(receive):
            await asyncio.Event().wait()


@pytest.mark.parametrize("error", [TimeoutError, ValueError, asyncio.CancelledError])
async def test_an_error_of_the_answer_stays_what_it_is(error: type[BaseException]) -> None:
    """A time-out of its own too."""
    with pytest.raises(error):
        async with departure(Client().receive):
            raise error


async def test_a_send_that_is_blocked_for_too_long_is_a_departure() -> None:
    """And one that the server refuses."""

    async def blocks(_message: Message) -> None:
        await asyncio.Event().wait()

    async def refuses(_message: Message) -> None:
        raise OSError

    sends: list[Callable[[Message], Awaitable[None]]] = [blocks, refuses]
    for send in sends:
        with pytest.raises(ClientGone):
            await bounded(send, blocked_s=0.01)({"type": "http.response.body"})
