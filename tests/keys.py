"""Keys, and who has them."""

from dataclasses import replace
from typing import Any

from streamsum.api_key import digest_of
from streamsum.keys_file import Key
from streamsum.settings import Settings

ALICE, BOB, CAROL = (f"ssk_{name:x<43}" for name in ("alice", "bob", "carol"))


def key_for(name: str, secret: str, **limits: Any) -> Key:
    return Key(name=name, digests=(digest_of(secret),), **limits)


def keyed(settings: Settings = Settings(), **limits: Any) -> Settings:  # noqa: B008 - it is frozen
    """Alice, with these limits; Bob, without any; Carol, who may not call any more."""
    keys = (key_for("alice", ALICE, **limits), key_for("bob", BOB), key_for("carol", CAROL, disabled=True))
    return replace(settings, keys=keys)


def bearer(secret: str = ALICE) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def toml(name: str, secret: str, *lines: str) -> str:
    return "\n".join(["[[keys]]", f'name = "{name}"', f'sha256 = "{digest_of(secret).hex()}"', *lines, ""])
