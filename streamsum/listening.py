"""Where the service listens: on loopback, unless the operator takes it upon himself."""

import errno
import os
import socket

from streamsum.errors import SettingsError, StreamsumError
from streamsum.settings import Settings
from streamsum.web.doors import is_loopback

# A burst of clients that come together; the system caps it (4,096 on Linux).
_BACKLOG = 1024


class PortTaken(StreamsumError):
    """Somebody else listens there, or we may not; the message is for the operator."""


def bind(host: str, port: int, settings: Settings) -> socket.socket:
    """A listening socket. Raises SettingsError where nobody should listen without keys, PortTaken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise SettingsError("--host is no address of this machine") from None
    _check_address(str(address[0]), settings)
    try:
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        # `create_server` puts more into `strerror` than a person wants to read.
        raise PortTaken(f"cannot listen on port {port}: {os.strerror(error.errno or errno.EADDRINUSE)}") from None


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
