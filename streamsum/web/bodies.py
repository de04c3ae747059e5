"""A request's body: counted while it arrives, within a time, and read as strict JSON."""

import asyncio
import re
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive

from streamsum.core import strict
from streamsum.errors import FieldError, RequestRefused
from streamsum.web.departure import ClientGone

# The request's own depth is 1; room for fields that may come, and none for a bomb.
MAX_DEPTH = 8

_JSON_TYPE = re.compile(r'application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)


async def read_object(headers: Headers, receive: Receive, *, max_bytes: int, within: float) -> dict[str, Any]:
    """The JSON object that the client sends. Raises RequestRefused, ClientGone."""
    _check_headers(headers, max_bytes)
    try:
        async with asyncio.timeout(within):
            body = await _collect(receive, max_bytes)
    except TimeoutError:
        raise RequestRefused("request_timeout") from None
    value = _parse(body)
    if not isinstance(value, dict):
        detail = FieldError(loc=(), code="object_type", detail="The body must be a JSON object.")
        raise RequestRefused("invalid_request", errors=(detail,))
    return value


def _check_headers(headers: Headers, max_bytes: int) -> None:
    kinds = headers.getlist("content-type")
    if len(kinds) != 1 or not _JSON_TYPE.fullmatch(kinds[0].strip()):
        raise RequestRefused("unsupported_media_type")
    if any(coding.strip().lower() != "identity" for coding in headers.getlist("content-encoding")):
        raise RequestRefused("unsupported_media_type")
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and _exceeds(declared, max_bytes):
        raise RequestRefused("too_large")


def _exceeds(digits: str, limit: int) -> bool:
    """Compared by length first: Python refuses to convert thousands of digits."""
    digits = digits.lstrip("0") or "0"
    return len(digits) > len(str(limit)) or int(digits) > limit


async def _collect(receive: Receive, max_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise RequestRefused("too_large")
        if not message.get("more_body", False):
            return bytes(body)


def _parse(body: bytes) -> Any:
    try:
        value = strict.parse(body.decode())
    except ValueError:
        raise RequestRefused("invalid_json") from None
    if _is_deeper(value, MAX_DEPTH):
        raise RequestRefused("invalid_json", f"The body is nested more than {MAX_DEPTH} deep.")
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    """Stops at the limit, so that nobody chooses how deep it calls itself."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deeper(each, depth - 1) for each in inner)
