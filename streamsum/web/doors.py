"""By which addresses and names one may come in; and no page elsewhere may spend.

While there are no keys: loopback addresses only, and loopback `Host` values only, so that a name that an attacker
points at 127.0.0.1 (DNS rebinding) opens nothing. Else by the names in the settings, if there are any.
"""

import re
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsum.errors import Problem, RequestRefused
from streamsum.web.paths import route_path
from streamsum.web.problems import problem_response

# Who looks whether we live knows an address and no name; there is nothing to be had there.
_PROBED = frozenset({"/healthz", "/readyz"})

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
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
    """Middleware: 403 for whoever came another way."""

    def __init__(self, app: ASGIApp, *, local_only: bool, hosts: tuple[str, ...] = ()) -> None:
        """`local_only`: there are no keys, and nobody said that it may be so. `hosts`: our names; none: any."""
        self._app = app
        self._local_only = local_only
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or answer."""
        if scope["type"] == "http" and not self._opens(scope):
            await problem_response(Problem.of("forbidden"))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _opens(self, scope: Scope) -> bool:
        if self._local_only and not _is_local(scope):
            return False
        return not self._hosts or _name_of(scope) in self._hosts or route_path(scope) in _PROBED


def _is_local(scope: Scope) -> bool:
    server = scope.get("server")
    if server is not None and server[1] is not None and not is_loopback(server[0]):  # no port: a unix socket
        return False
    hosts = Headers(scope=scope).getlist("host")
    return len(hosts) == 1 and _LOOPBACK_HOST.fullmatch(hosts[0]) is not None


def _name_of(scope: Scope) -> str | None:
    """The one `Host`, without its port."""
    hosts = Headers(scope=scope).getlist("host")
    found = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
    return found[1] if found else None


def refuse_foreign_pages(headers: Headers) -> None:
    """For a GET that starts a summary: a browser says when the page is not ours, or nobody has asked yet.

    Raises RequestRefused: forbidden. https://www.w3.org/TR/fetch-metadata/
    """
    foreign = any(site not in ("same-origin", "none") for site in headers.getlist("sec-fetch-site"))
    guessed = any("prefetch" in purpose.lower() for purpose in headers.getlist("sec-purpose"))
    if foreign or guessed:
        raise RequestRefused("forbidden")
