"""The log: our own lines, each an event in constant words and fields that are known; and the libraries', without words.

A record of ours is a plain one of the standard library, for whoever has set up logging himself: the message says it
all, the fields stand beside it. `set_up` prints records one a line, as JSON or for a person.
"""

import logging
import re
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any, TextIO, Unpack

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import ExcInfo, Processor
from typing_extensions import override

from streamsum.settings import LogFormat, LogLevel
from streamsum.telemetry.exceptions import whereabouts
from streamsum.telemetry.fields import Fields, keep_known

_NAME = "streamsum"
# Under this name a record of ours carries its event and its fields.
_OURS = "streamsum_event"
# A library's logger has the name of a module.
_LOGGER = re.compile(r"[\w.-]{1,64}", re.ASCII)

# Loggers for which a library, once it is imported, makes a handler of its own, unless they are there already: redis-py,
# which prints messages as they come.
_OWN_HANDLERS = ("push_response",)

_Event = MutableMapping[str, Any]


def _as_record(_logger: object, _method: str, event: _Event) -> tuple[tuple[str], dict[str, Any]]:
    """What is handed to the standard library."""
    said = event.pop("event")
    fields = keep_known(event)
    message = " ".join([said, *(f"{name}={value}" for name, value in fields.items())])
    return (message,), {"extra": {_OURS: {"event": said, **fields}}}


class Log:
    """Our lines. `event` is constant; all that differs from one line to the next is in the fields."""

    def __init__(self) -> None:
        processors: Sequence[Processor] = [structlog.stdlib.filter_by_level, _as_record]
        self._log = structlog.stdlib.BoundLogger(logging.getLogger(_NAME), processors=processors, context={})

    def debug(self, event: str, **fields: Unpack[Fields]) -> None:
        """For who looks for something."""
        self._log.debug(event, **fields)

    def info(self, event: str, **fields: Unpack[Fields]) -> None:
        """What happens."""
        self._log.info(event, **fields)

    def warning(self, event: str, **fields: Unpack[Fields]) -> None:
        """What an operator may want to change."""
        self._log.warning(event, **fields)

    def error(self, event: str, **fields: Unpack[Fields]) -> None:
        """What somebody has to mend."""
        self._log.error(event, **fields)


logger = Log()


def set_up(level: LogLevel, form: LogFormat = "auto", *, stream: TextIO | None = None) -> None:
    """One line a record, on standard error; libraries from WARNING on, whatever they think of themselves."""
    logging.basicConfig(handlers=[handler(level, form, stream=stream or sys.stderr)], level="WARNING", force=True)
    for name in (*logging.root.manager.loggerDict, *_OWN_HANDLERS):
        library = logging.getLogger(name)
        library.handlers.clear()  # of its own, past ours
        library.propagate = True
    logging.getLogger(_NAME).setLevel(level)
    logging.raiseExceptions = False  # or a record that cannot be printed is put on standard error, words and all
    logging.captureWarnings(True)  # a warning's words are a library's, too: Pydantic's quote what they are about


def handler(level: LogLevel, form: LogFormat, *, stream: TextIO) -> logging.Handler:
    """What prints records on `stream`; `auto` is for a person where that is a terminal."""
    to_person = stream.isatty() if form == "auto" else form == "console"
    renderer: Any = structlog.processors.JSONRenderer()
    if to_person:
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, sort_keys=False)
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if to_person else "iso", utc=not to_person)
    printer = logging.StreamHandler(stream)
    printer.addFilter(_Heard(level))
    printer.setFormatter(ProcessorFormatter(processors=[stamp, _of_record, renderer], use_get_message=False))
    return printer


class _Heard(logging.Filter):
    """Ours as the operator likes; libraries' only if they matter, whoever has made them talk."""

    def __init__(self, level: LogLevel) -> None:
        super().__init__()
        self._least = max(logging.getLevelNamesMapping()[level], logging.WARNING)

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return hasattr(record, _OURS) or record.levelno >= self._least


def _of_record(_logger: object, method: str, event: _Event) -> _Event:
    """The event that is printed: what a record of ours carries; of another, only where it comes from."""
    record: logging.LogRecord = event["_record"]
    said: dict[str, Any] = getattr(record, _OURS, None) or _of_library(record, event.get("exc_info"))
    stamp = {"timestamp": event["timestamp"], "level": method}
    return {**stamp, "event": said["event"], **keep_known(said)}


def _of_library(record: logging.LogRecord, raised: ExcInfo | None) -> dict[str, Any]:
    said = {
        "event": "a library has something to say",
        "logger": record.name if _LOGGER.fullmatch(record.name) else "-",
        "at": f"{record.filename}:{record.lineno}",
    }
    if raised and raised[1] is not None:
        said["error"] = whereabouts(raised[1])
    return said
