"""The one subscription of a process: what others have to tell it, until it is closed, through any number of outages."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio.client import PubSub

from streamsum.runs.redis_log.store import Store
from streamsum.runs.redis_log.times import Times


class Mailbox:
    """Messages are lost while it is not connected: then `on_connect` is called, which fetches what was missed."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[str],
        *,
        times: Times,
        on_connect: Callable[[], Awaitable[None]],
        on_message: Callable[[bytes], None],
    ) -> None:
        self._store = store
        self._channels = channels
        self._times = times
        self._on_connect = on_connect
        self._on_message = on_message

    async def run(self) -> None:
        """Receive until cancelled."""
        while True:
            try:
                async with self._store.subscription() as subscription:
                    await self._subscribe(subscription)
                    await self._on_connect()
                    await self._receive(subscription)
            except Store.ERRORS:
                await asyncio.sleep(self._times.again_s)

    async def _subscribe(self, subscription: PubSub) -> None:
        """Returns when nothing can be missed any more."""
        missing = len(self._channels)
        async with asyncio.timeout(self._times.answer_s):
            await subscription.subscribe(*self._channels)
            while missing:
                message = await subscription.get_message(timeout=None)
                missing -= message is not None and message["type"] == "subscribe"

    async def _receive(self, subscription: PubSub) -> None:
        """Until the connection ends, or is silent for longer than a renewal's echo can take."""
        silence_s = 2 * self._times.renew_s + self._times.answer_s
        while message := await subscription.get_message(timeout=silence_s):
            if message["type"] == "message":
                self._on_message(message["data"])
