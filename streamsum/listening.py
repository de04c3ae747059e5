"""Where the service listens: on loopback, unless the operator takes it upon himself."""

import errno
import os
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from streamsum.errors import SettingsError, StreamsumError
from streamsum.settings import Settings
from streamsum.web.doors import is_loopback

# A burst of clients that come together; the system caps it (4,096 on Linux).
_BACKLOG = 1024


class PortTaken(StreamsumError):
    """Somebody else listens there, or we may not; the message is for the operator."""


def bind(host: str, port: int, settings: Settings) -> socket.socket:
    """A listening socket. Raises SettingsError where nobody should listen without keys, PortTaken."""
    family, address = _resolve(host, port, asked_by="--host")
    _check_address(str(address[0]), settings)
    return _listen(family, address)


def bind_metrics(settings: Settings) -> AbstractContextManager[socket.socket | None]:
    """A listening socket for figures, if there is to be one; they hold no text, and so are the operator's to show.

    Raises SettingsError, PortTaken.
    """
    if settings.metrics_addr is None:
        return nullcontext()
    return _listen(*_resolve(*settings.metrics_addr, asked_by="STREAMSUM_METRICS_ADDR"))


def _resolve(host: str, port: int, *, asked_by: str) -> tuple[int, tuple[Any, ...]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise SettingsError(f"{asked_by} is no address of this machine") from None
    return family, address


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    try:
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        # `create_server` puts more into `strerror` than a person wants to read.
        why = os.strerror(error.errno or errno.EADDRINUSE)
        raise PortTaken(f"cannot listen on port {address[1]}: {why}") from None


def _check_address(address: str, settings: Settings) -> None:
    if is_loopback(address):
        return
    if not settings.keys and not settings.no_keys:
        raise SettingsError(
            "there are no keys, so whoever reaches the port may spend: set STREAMSUM_KEYS_FILE (`streamsum key NAME` "
            "makes a key), serve on --host 127.0.0.1, or set STREAMSUM_NO_KEYS=1 if something in front checks who comes"
        )
    if settings.upstream == "auto" and settings.api_key is None and not settings.upstreams:
        raise SettingsError(
            "off loopback the model is never guessed: "
            "set OPENAI_API_KEY, STREAMSUM_UPSTREAM or STREAMSUM_UPSTREAMS_FILE"
        )
