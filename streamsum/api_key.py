"""A caller's key: how one is made, and all that a server keeps of it.

Its 256 random bits need no salt and no slow hash (those are for what people make up): SHA-256 cannot be turned round.
"""

import hashlib
import re
import secrets

# So that a key is known for what it is where it does not belong: in a query, in a repository.
PREFIX = "ssk_"

_RANDOM_BYTES = 32
_OURS = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


def new_key() -> str:
    """A key that nobody has had before, nor will."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(key: str) -> bytes:
    """What is kept of it, in 32 bytes."""
    return hashlib.sha256(key.encode()).digest()


def looks_like_one(text: str) -> bool:
    """Was it made here?"""
    return _OURS.fullmatch(text) is not None
