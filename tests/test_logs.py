"""What is printed, and in which form."""

import errno
import io
import json
import logging
import warnings
from typing import Any

import pytest
import redis.utils
from typing_extensions import override

from streamsum.settings import LogFormat, LogLevel, Settings
from streamsum.telemetry.logs import logger, set_up

CANARY = "xyzzy-canary"
LIBRARIES = ("uvicorn", "uvicorn.error", "openai._base_client", "httpx2", "httpcore2.http11", "aiohttp.client", "redis")


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    @override
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "no space left")


@pytest.fixture
def stream(sober_logging: None) -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object(stream: io.StringIO) -> None:
    """When, how grave, what, and its fields, in this order."""
    set_up("INFO", stream=stream)
    logger.info("listening", url="http://127.0.0.1:8080")
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "url"]
    assert (line["level"], line["event"], line["url"]) == ("info", "listening", "http://127.0.0.1:8080")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("form", "made_for", "is_json"),
    [
        ("auto", io.StringIO, True),
        ("auto", Terminal, False),
        ("json", Terminal, True),
        ("console", io.StringIO, False),
    ],
)
def test_the_form_goes_by_the_setting_or_the_stream(
    form: LogFormat, made_for: type[io.StringIO], is_json: bool, sober_logging: None
) -> None:
    """For a person it is one line, too."""
    stream = made_for()
    set_up("INFO", form, stream=stream)
    logger.warning("upstream refused a call", upstream="a", status=404)
    assert stream.getvalue().startswith("{") is is_json
    assert stream.getvalue().count("\n") == 1
    for said in ("upstream refused a call", "404"):
        assert said in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) is (made_for is Terminal and not is_json)


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_what_is_heard_goes_by_the_level(level: LogLevel, heard: list[str], stream: io.StringIO) -> None:
    """Ours; libraries never say more than a warning."""
    set_up(level, stream=stream)
    for say in (logger.debug, logger.info, logger.warning, logger.error):
        say("it happened")
    assert [line["level"] for line in lines(stream)] == heard
    for name in LIBRARIES:
        logging.getLogger(name).setLevel("DEBUG")  # as `OPENAI_LOG=debug` does
        for grave in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(grave, "chatter")
    loud = [line["level"] for line in lines(stream)[len(heard) :]]
    assert loud == [each for each in heard if each in {"warning", "error"}] * len(LIBRARIES)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_library_is_heard_without_its_words(form: LogFormat, stream: io.StringIO) -> None:
    """Who, and from where in the code: its messages and its exceptions quote what it was given."""
    set_up("DEBUG", form, stream=stream)
    library = logging.getLogger("aiohttp.client")
    library.warning("%s in an argument, and " + CANARY, CANARY, extra={"text": CANARY, "event": CANARY})
    try:
        raise ValueError(CANARY)
    except ValueError:
        library.exception(CANARY, stack_info=True)
    logging.getLogger(f"a logger named {CANARY}").error("")
    assert CANARY not in stream.getvalue()
    assert "Traceback" not in stream.getvalue()
    for said in ("a library has something to say", "aiohttp.client", "test_logs.py:", "ValueError at test_logs.py:"):
        assert said in stream.getvalue()


def test_a_library_with_a_handler_of_its_own_is_heard_through_ours(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether it has it by now, or makes it when it is first used."""
    eager = logging.getLogger("an.eager.library")
    eager.addHandler(logging.StreamHandler())
    eager.propagate = False
    set_up("INFO", stream=stream)
    redis.utils._set_info_logger()  # type: ignore[no-untyped-call]  # noqa: SLF001 - as every connection does
    for library in (eager, logging.getLogger("push_response")):
        library.error(CANARY)
    assert [line["logger"] for line in lines(stream)] == ["an.eager.library", "push_response"]
    assert CANARY not in stream.getvalue() + "".join(capfd.readouterr())


def test_what_cannot_be_printed_is_not_printed_elsewhere(
    sober_logging: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """A full disk, a pipe that nobody reads: the standard library would put the message on standard error."""
    set_up("INFO", "json", stream=FullDisk())
    logging.getLogger("aiohttp.client").error("%s in an argument, and " + CANARY, CANARY)
    logger.error("a bug")
    assert "".join(capfd.readouterr()) == ""


def test_a_warning_is_a_librarys_word(stream: io.StringIO) -> None:
    """Pydantic's quote the value that they are about."""
    set_up("INFO", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)  # anew, within this block
        warnings.warn(CANARY, stacklevel=1)
    (line,) = lines(stream)
    assert line["logger"] == "py.warnings"
    assert CANARY not in stream.getvalue()


def test_a_field_that_is_not_on_the_list_is_not_printed(stream: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is it in the record, for whoever prints that himself."""
    set_up("INFO", stream=stream)
    logging.getLogger().addHandler(caplog.handler)
    logger.info("it happened", text=CANARY, code="limit")  # type: ignore[call-arg]
    assert lines(stream)[0]["code"] == "limit"
    assert CANARY not in stream.getvalue()
    (record,) = caplog.records
    assert CANARY not in str(vars(record))


def test_who_has_set_up_logging_himself_gets_plain_records(caplog: pytest.LogCaptureFixture) -> None:
    """As from any library: the message says it all."""
    with caplog.at_level("INFO", logger="streamsum"):
        logger.info("upstream refused a call", upstream="a", status=404)
    assert caplog.messages == ["upstream refused a call upstream=a status=404"]


def test_the_settings() -> None:
    """Level and form."""
    assert (Settings().log_level, Settings().log_format) == ("INFO", "auto")
    read = Settings.read({"STREAMSUM_LOG_LEVEL": "DEBUG", "STREAMSUM_LOG_FORMAT": "console"})
    assert (read.log_level, read.log_format) == ("DEBUG", "console")
