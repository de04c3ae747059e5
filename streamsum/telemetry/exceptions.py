"""An exception without its words: they may have been taken from anywhere."""

from pathlib import PurePath
from traceback import walk_tb


def whereabouts(error: BaseException) -> str:
    """Its type, and the last lines of code that it came through: all that may be said of it."""
    frames = [f"{PurePath(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(error.__traceback__)]
    place = f" at {' > '.join(frames[-4:])}" if frames else ""
    return type(error).__name__ + place
