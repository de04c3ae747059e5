"""Who may come in while there are no keys: this machine, by its own name; and no page elsewhere may spend.

Loopback addresses only, and loopback `Host` values only, so that a name that an attacker points at 127.0.0.1 (DNS
rebinding) opens nothing.
"""

import re
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsum.errors import Problem, RequestRefused
from streamsum.web.problems import problem_response

_LOOPBACK_HOST = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_loopback(address: str) -> bool:
    """Is this an IP address of this machine only? A name is none."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_loopback


class Doors:
    """Middleware: 403 for whoever did not come by loopback."""

    def __init__(self, app: ASGIApp, *, open_to_all: bool) -> None:
        """`open_to_all`: the operator allows serving without keys."""
        self._app = app
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        if scope["type"] == "http" and not self._open_to_all and not _is_local(scope):
            await problem_response(Problem.of("forbidden"))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    server = scope.get("server")
    if server is not None and server[1] is not None and not is_loopback(server[0]):  # no port: a unix socket
        return False
    hosts = Headers(scope=scope).getlist("host")
    return len(hosts) == 1 and _LOOPBACK_HOST.fullmatch(hosts[0]) is not None


def refuse_foreign_pages(headers: Headers) -> None:
    """For a GET that starts a summary: a browser says when the page is not ours, or nobody has asked yet.

    Raises RequestRefused: forbidden. https://www.w3.org/TR/fetch-metadata/
    """
    foreign = any(site not in ("same-origin", "none") for site in headers.getlist("sec-fetch-site"))
    guessed = any("prefetch" in purpose.lower() for purpose in headers.getlist("sec-purpose"))
    if foreign or guessed:
        raise RequestRefused("forbidden")
