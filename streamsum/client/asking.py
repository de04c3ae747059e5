"""What a client is made with: the server's URL, the key, and httpx2 set up for streams."""

import re
import secrets
from typing import Any, TypedDict

import httpx2

from streamsum import __version__
from streamsum.core.models import OnDisconnect, Options

DEFAULT_URL = "http://127.0.0.1:8080"

# The server is never silent for more than 15 s (its comments): after three of them missing the line is dead.
SILENCE_S = 45.0

# Its status comes after 5 s at most (STREAMSUM_FIRST_BYTE_S); an address that does not answer is no server.
CONNECT_S = 10.0

# To say that a summary is not wanted any more, all told: a server that is there takes milliseconds, and nobody waits
# longer on the way out. One that has not heard of it ends the summary by itself (STREAMSUM_GRACE_S).
CANCEL_S = 3.0

# Idle ones, for the next requests; httpx2's own figure.
KEPT_CONNECTIONS = 20


class ClientOptions(Options, total=False):
    """`on_disconnect` too, which is for who comes back: here the client does."""

    on_disconnect: OnDisconnect


class HttpOptions(TypedDict):
    """For `httpx2.Client` and its twin."""

    base_url: str
    headers: dict[str, str]
    timeout: httpx2.Timeout
    limits: httpx2.Limits


def http_options(url: str, key: str | None) -> HttpOptions:
    """Redirects are not followed: the text and the key are for this server. Raises ValueError."""
    if not is_url(url):
        raise ValueError("the URL of a server begins with http:// or https://, and then has its name or address")
    headers = {"User-Agent": f"streamsum/{__version__}"}
    if key is not None:
        if not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ValueError("a key is of visible ASCII characters")  # and in no message
        headers["Authorization"] = f"Bearer {key}"
    timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
    # A stream holds its connection to the end: how many are too many the server says, not a queue that nobody sees.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS)
    return HttpOptions(base_url=url, headers=headers, timeout=timeout, limits=limits)


def on_the_way_out(left_s: float) -> httpx2.Timeout:
    """For one request that may take so many seconds: half to connect, half to be answered."""
    return httpx2.Timeout(max(left_s, 0.0) / 2)


def is_url(url: str) -> bool:
    """Can it be asked for? httpx2 says more than a parser of URLs: whether the name can be looked up, for one."""
    try:
        return httpx2.URL(url).scheme in {"http", "https"}
    except httpx2.InvalidURL:
        return False


def body_of(text: str, options: ClientOptions) -> dict[str, Any]:
    """The request; the server says what does not fit."""
    return {"text": text, **options}


def new_key() -> str:
    """An idempotency key that nobody else has."""
    return secrets.token_urlsafe(16)
