"""What may be recorded. Nothing of a user's text, an upstream's message or an exception's text."""

import logging
import sys
from pathlib import PurePath
from traceback import walk_tb

from streamsum.settings import LogLevel

# At INFO and below these tell of every request, address and header.
_LIBRARIES = (
    "uvicorn",
    "uvicorn.error",
    "openai",
    "httpx2",
    "httpcore2",
    "aiohttp",
    "asyncio",
    "redis",
    "push_response",
)


def set_up(level: LogLevel) -> None:
    """One line a record, on standard error; the libraries at WARNING."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", level=level, stream=sys.stderr, force=True
    )
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def whereabouts(error: BaseException) -> str:
    """An exception's type, and the last lines of code that it came through: all that may be said of it."""
    frames = [f"{PurePath(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(error.__traceback__)]
    place = f" at {' > '.join(frames[-4:])}" if frames else ""
    return type(error).__name__ + place
