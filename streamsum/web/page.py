"""The page at `/`, and the files that it is made of: read once, from the package itself, and kept in memory.

They are a few kilobytes that never change while the process lives. So no path of a request ever reaches a file system,
and an ETag is a hash of the content: the same on every replica, whenever and wherever it was installed.
"""

import hashlib
from functools import cached_property
from importlib.resources import files
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

# Nothing from elsewhere, nothing inline, nobody's frame; and no string ever becomes markup or script, whatever a bullet
# says (https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/trusted-types/).
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
# Kept, and asked for again each time: a new version is there at once, and an old one costs a 304.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_METHODS = ("GET", "HEAD")
_INDEX = ""


class _File(NamedTuple):
    body: bytes
    headers: dict[str, str]


class Page:
    """An ASGI app: one of the page's files, the one that the path names; the page itself where it names none."""

    @cached_property
    def _files(self) -> dict[str, _File]:
        folder = files("streamsum.web") / "static"
        read = {each.name: _read(each.name, each.read_bytes()) for each in folder.iterdir() if each.is_file()}
        read[_INDEX] = read.pop("index.html")
        return read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with 304 to who has it already. Raises HTTPException."""
        if scope["method"] not in _METHODS:
            raise HTTPException(405, headers={"Allow": ", ".join(_METHODS)})
        file = self._files.get(scope["path_params"].get("name", _INDEX))
        if file is None:
            raise HTTPException(404)
        if _has(Headers(scope=scope), file.headers["ETag"]):
            response = Response(status_code=304, headers=file.headers)
        else:
            response = Response(file.body, headers=file.headers)
        await response(scope, receive, send)


def _read(name: str, body: bytes) -> _File:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _File(body, {**_HEADERS, "Content-Type": _TYPES[name.rpartition(".")[2]], "ETag": etag})


def _has(headers: Headers, etag: str) -> bool:
    """RFC 9110, section 13.1.2: compared weakly, as a proxy that compresses makes our tag a weak one."""
    held = [tag.strip().removeprefix("W/") for given in headers.getlist("if-none-match") for tag in given.split(",")]
    return etag in held or held == ["*"]


_PAGE = Page()
PAGE_ROUTES = (Route("/", _PAGE), Route("/static/{name}", _PAGE))
