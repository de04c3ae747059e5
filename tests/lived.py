"""A whole summary, lived under the eyes of a `Telemetry`: what each part of it makes of that is for its own tests."""

import asyncio

from streamsum.core.models import SummaryRequest
from streamsum.keys_file import Key
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.telemetry import Telemetry
from tests.scripted import ScriptedUpstream

# Two sentences, so that a bullet can be found in it, and another cannot.
SOURCE = "The tower was lit in 1698. A great storm destroyed it in November."
HEAD = '{"bullets": ["The tower was lit in 1698."'
DOCUMENT = f'{HEAD}, "A great storm destroyed it in November."]}}'


async def live(
    *upstreams: ScriptedUpstream,
    telemetry: Telemetry,
    request: SummaryRequest | None = None,
    key: str = "",
    origin: Origin | None = None,
) -> str:
    """To its end, on a log in memory; its id."""
    log = MemoryLog(grace_s=10, keep_s=1e9, keep_bytes=1 << 20)
    runs = Runs(upstreams=upstreams, log=log, settings=Settings(), telemetry=telemetry)
    wanted = request or SummaryRequest(text=SOURCE, on_disconnect="finish")
    run = await runs.start(wanted, key=Key(name=key), origin=origin)
    async with asyncio.timeout(1000), log.listen(run.id, key, None) as listener:
        async for _ in listener:
            pass
    await runs.aclose()
    await log.aclose()
    return run.id
