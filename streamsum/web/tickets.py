"""A ticket lets its bearer follow one summary's events, and nothing else: for an `EventSource`, which sends no header.

It is the name of the API key whose summary it is, and a keyed hash (HMAC-SHA-256, RFC 2104) over that, the id, and what
is kept of the key that was shown. Its time is the events' and that key's: when the events are gone, or that very key
opens nothing any more (revoked, or made anew under its old name), it opens nothing either.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence

from pydantic import SecretStr

# A key's name of 80 bytes and the hash: more is not looked at.
MAX_TICKET_CHARS = 256

_TICKET = re.compile(r"([A-Za-z0-9_-]*)\.([0-9a-f]{64})")


class Tickets:
    """Given with the newest secret, taken with any."""

    def __init__(self, given: Sequence[SecretStr] = ()) -> None:
        """`given`: the newest first; without any, tickets hold as long as this process, and here only."""
        self._secrets = [each.get_secret_value().encode() for each in given] or [secrets.token_bytes(32)]

    def give(self, id: str, key: str, digest: bytes) -> str:
        """A ticket for the events of the summary `id` of the API key named `key`: fit for a query as it is.

        `digest`: of the key that was shown; b"" without keys.
        """
        return f"{_encode(key)}.{_mac(self._secrets[0], id, key, digest)}"

    def key_of(self, id: str, ticket: str, *, digests_of: Callable[[str], Sequence[bytes]]) -> str | None:
        """The name of the API key whose summary this ticket opens; None: it does not open it.

        `digests_of`: what opens for this name now.
        """
        if len(ticket) > MAX_TICKET_CHARS or not (found := _TICKET.fullmatch(ticket)):
            return None
        if (key := _decode(found[1])) is None:
            return None
        right = (_mac(secret, id, key, digest) for secret in self._secrets for digest in digests_of(key))
        return key if any(hmac.compare_digest(found[2], each) for each in right) else None


def _mac(secret: bytes, id: str, key: str, digest: bytes) -> str:
    return hmac.new(secret, f"streamsum ticket\0{id}\0{key}\0{digest.hex()}".encode(), hashlib.sha256).hexdigest()


def _encode(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(text: str) -> str | None:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
