"""Exceptions that nobody caught: Python prints them with their words, and we do not."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamsum.errors import StreamsumError
from streamsum.telemetry.exceptions import whereabouts
from streamsum.telemetry.logs import logger


@contextmanager
def contained() -> Iterator[None]:
    """Around a whole program: what escapes from it, its threads and its destructors is logged by type and place.

    Raises SystemExit for what escapes; errors of ours are for the caller to tell.
    """
    before = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda escaped: _log(escaped.exc_value)
    sys.unraisablehook = lambda escaped: _log(escaped.exc_value)
    try:
        yield
    except StreamsumError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
        _log(error)
        raise SystemExit(1) from None
    finally:
        threading.excepthook, sys.unraisablehook = before


def _log(error: BaseException | None) -> None:
    logger.error("a bug", error="unknown" if error is None else whereabouts(error))
