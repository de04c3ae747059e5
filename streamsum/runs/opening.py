"""The event log that the settings name, and whether summaries can be taken over in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamsum.errors import SettingsError
from streamsum.runs.log import EventLog
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.sealing import Sealer
from streamsum.settings import MEMORY, Settings
from streamsum.telemetry.logs import logger


@asynccontextmanager
async def opened_log(settings: Settings) -> AsyncIterator[EventLog]:
    """In memory, or on Redis, whether that is there or not. Raises SettingsError."""
    url = settings.event_log.get_secret_value()
    if url == MEMORY:
        log = MemoryLog(grace_s=settings.grace_s, keep_s=settings.keep_s, keep_bytes=settings.keep_bytes)
        try:
            yield log
        finally:
            await log.aclose()
        return
    try:
        from streamsum.runs.redis_log import RedisLog
    except ImportError:
        raise SettingsError("an event log on Redis needs its client: pip install 'streamsum[redis]'") from None
    async with RedisLog(url, grace_s=settings.grace_s, keep_s=settings.keep_s) as redis_log:
        logger.info(
            "event log: Redis; taking over, and tickets on every replica, need STREAMSUM_SECRET_FILE",
            takes_over=bool(settings.secrets),
        )
        yield redis_log


def sealer_of(settings: Settings) -> Sealer | None:
    """What seals requests for a take-over; None: nobody could take over. Raises SettingsError."""
    if settings.event_log.get_secret_value() == MEMORY or not settings.secrets:
        return None
    return Sealer(settings.secrets)
