"""api_key.py: how a key is made, and what is kept of it."""

import hashlib

import pytest

from streamsum.api_key import PREFIX, digest_of, looks_like_one, new_key


def test_a_key_is_random_and_fit_for_a_header() -> None:
    """256 bits; each is new."""
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        assert looks_like_one(key)
        assert key.startswith(PREFIX)
        assert len(key) - len(PREFIX) == 43  # 6 bits each: 256 and 2


def test_kept_is_its_sha_256() -> None:
    """As anybody can compute it."""
    assert digest_of("ssk_x").hex() == hashlib.sha256(b"ssk_x").hexdigest()


@pytest.mark.parametrize("text", ["", "ssk_", f"ssk_{'x' * 42}", f"ssk_{'x' * 44}", f"ssk_{'é' * 43}", "x" * 47])
def test_what_does_not_look_like_one(text: str) -> None:
    """Nothing but what was made here does."""
    assert not looks_like_one(text)
