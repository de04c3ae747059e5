"""The event loop that the service runs on: libuv's, where there is one for this Python and system, else asyncio's own.

Whoever mounts the app runs it on the loop of their choice: what meets clients, models and signals is tested on both.
"""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For `asyncio.Runner`."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
