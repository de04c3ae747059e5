"""Who calls: `Authorization: Bearer KEY` (RFC 6750, section 2.1) for every path but those that are open to all.

What is not known to be open is closed: a path that no route has needs a key too, and says nothing of itself without.
"""

import re
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsum.api_key import digest_of, looks_like_one
from streamsum.errors import Problem
from streamsum.keys_file import NO_KEY, Key
from streamsum.web.paths import EVENTS, OPEN_FOLDER, OPEN_PATHS, route_path
from streamsum.web.problems import problem_response
from streamsum.web.service import service_of

# Keys may be made elsewhere; longer ones are no keys.
MAX_KEY_CHARS = 256

_BEARER = re.compile(rf"bearer +([A-Za-z0-9._~+/-]{{1,{MAX_KEY_CHARS}}}=*)", re.IGNORECASE)
# What people call a key when they put it into a query, without case and punctuation; gateways, and our own variables.
_KEY_NAME = re.compile(
    r"\w*apikey|(?:x|ocpapimsubscription|subscription|access|auth|client|functions|license|secret|streamsum)?key"
    r"|(?:client|shared|streamsum)?secret|(?:x?(?:access|api|auth|bearer|id|refresh|session|streamsum))?token"
    r"|(?:x?auth|proxyauth)(?:orization)?|bearer|credentials?|passw(?:or)?d|jwt"
)

# A name that no key can have: whoever comes by a ticket is let in to show it, and to nothing else.
_TICKET = Key(name="(ticket)")

_SCOPE = "streamsum.key"
_SHOWN = "streamsum.shown"


def key_of(scope: Scope) -> Key:
    """Whose request this is; `NO_KEY` where there are no keys, or none is asked for."""
    key: Key = scope.get(_SCOPE, NO_KEY)
    return key


def shown_in(scope: Scope) -> bytes:
    """What is kept of the key that was shown: a name may have several, and others tomorrow."""
    shown: bytes = scope.get(_SHOWN, b"")
    return shown


class Auth:
    """Middleware: 401 for whoever has no key, the same for whatever reason; 400 for a key in the query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, with the key in the scope, or answer."""
        if scope["type"] != "http" or is_open(path := route_path(scope)):
            await self._app(scope, receive, send)
            return
        query = _fields(scope["query_string"])
        service = service_of(scope)
        secret = _bearer(scope)
        key = service.keys.find(secret) if service.settings.keys else NO_KEY
        if any(_is_key(name, value) for name, value in query):
            await problem_response(Problem.of("key_in_query"))(scope, receive, send)
        elif key is not None:
            scope[_SCOPE] = key
            if key.digests:
                scope[_SHOWN] = digest_of(secret)
            await self._app(scope, receive, send)
        elif EVENTS.fullmatch(path) and any(name == "ticket" for name, _ in query):
            scope[_SCOPE] = _TICKET
            await self._app(scope, receive, send)
        else:
            headers = {"WWW-Authenticate": "Bearer"}
            await problem_response(Problem.of("unauthenticated"), headers)(scope, receive, send)


def is_open(path: str) -> bool:
    """Does it need no key?"""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _bearer(scope: Scope) -> str:
    """The key that was sent; "" opens nothing."""
    given = Headers(scope=scope).getlist("authorization")
    found = _BEARER.fullmatch(given[0].strip()) if len(given) == 1 else None
    return found[1] if found else ""


def _fields(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def _is_key(name: str, value: str) -> bool:
    return looks_like_one(value) or _KEY_NAME.fullmatch(re.sub(r"[\W_]", "", name).lower()) is not None
