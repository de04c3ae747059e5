"""`python -m tests.replica`: `streamsum serve` on a Redis log with other clocks, given in REPLICA_TIMES as JSON."""

import asyncio
import json
import os
import socket

from streamsum import telemetry
from streamsum.runs.redis_log import RedisLog, Times
from streamsum.serve import serve
from streamsum.settings import Settings
from streamsum.web.app import create_app


async def main() -> None:
    settings = Settings.read(os.environ)
    telemetry.set_up(settings.log_level)
    times = Times(**json.loads(os.environ["REPLICA_TIMES"]))
    url = settings.event_log.get_secret_value()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        async with RedisLog(url, grace_s=settings.grace_s, keep_s=settings.keep_s, times=times) as log:
            await serve(create_app(settings, log=log), listener)


if __name__ == "__main__":
    asyncio.run(main())
