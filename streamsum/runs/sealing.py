"""What a take-over needs of a summary, kept where others could read it: its request, sealed.

AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to the summary's id and its API key's name: what is moved to
another summary does not open. The key is SHA-256 over a label and the secret, which has 128 random bits or more.
`cryptography` is imported when the first seal is made: only who has several replicas needs it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from streamsum.core.models import SummaryRequest
from streamsum.errors import SettingsError, StreamsumError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unreadable(StreamsumError):
    """Sealed with a secret that is not known here, for another summary, or by another version."""


class Sealer:
    """Seals with the newest secret, opens with any."""

    def __init__(self, given: Sequence[SecretStr]) -> None:
        """`given`: one or more, the newest first. Raises SettingsError."""
        self._ciphers = [_cipher(each) for each in given]

    def seal(self, request: SummaryRequest, *, id: str, key: str) -> bytes:
        """The request, for whoever has one of the secrets and this summary."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, request.model_dump_json().encode(), _about(id, key))

    def open(self, sealed: bytes, *, id: str, key: str) -> SummaryRequest:
        """The request. Raises Unreadable."""
        from cryptography.exceptions import InvalidTag

        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _about(id, key))
                return SummaryRequest.model_validate_json(plain)
            except InvalidTag:
                continue
            except (ValueError, ValidationError):  # too short to be one; of another version
                break
        raise Unreadable


def _cipher(secret: SecretStr) -> "AESGCM":
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise SettingsError("taking over needs cryptography: pip install 'streamsum[redis]'") from None
    return AESGCM(hashlib.sha256(b"streamsum take-over\0" + secret.get_secret_value().encode()).digest())


def _about(id: str, key: str) -> bytes:
    return f"{id}\0{key}".encode()
