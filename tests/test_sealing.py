"""runs/sealing.py: a request that waits for a take-over where others could read it."""

import pytest
from pydantic import SecretStr

from streamsum.core.models import SummaryRequest
from streamsum.runs.sealing import NONCE_BYTES, Sealer, Unreadable

REQUEST = SummaryRequest(text="A canary, 天地.", max_bullets=7, focus="birds", on_disconnect="finish")
OLD, NEW = SecretStr("o" * 32), SecretStr("n" * 32)


def test_what_is_sealed_opens_again() -> None:
    """Every field of it."""
    sealer = Sealer([NEW])
    assert sealer.open(sealer.seal(REQUEST, id="a", key="alice"), id="a", key="alice") == REQUEST


def test_nothing_of_it_shows() -> None:
    """And the same is sealed differently each time."""
    sealer = Sealer([NEW])
    one, two = (sealer.seal(REQUEST, id="a", key="") for _ in range(2))
    assert b"canary" not in one
    assert one != two


def test_secrets_change_one_by_one() -> None:
    """Old ones open as long as they are in the file."""
    sealed = Sealer([OLD]).seal(REQUEST, id="a", key="")
    assert Sealer([NEW, OLD]).open(sealed, id="a", key="") == REQUEST
    with pytest.raises(Unreadable):
        Sealer([NEW]).open(sealed, id="a", key="")


@pytest.mark.parametrize(("id", "key"), [("b", "alice"), ("a", "mallory"), ("a\0alice", "")])
def test_it_opens_only_in_its_place(id: str, key: str) -> None:
    """What was moved to another summary, or another API key's, does not."""
    sealer = Sealer([NEW])
    with pytest.raises(Unreadable):
        sealer.open(sealer.seal(REQUEST, id="a", key="alice"), id=id, key=key)


def test_what_was_tampered_with_does_not_open() -> None:
    """Not one bit of it; nor what is no seal at all."""
    sealer = Sealer([NEW])
    sealed = sealer.seal(REQUEST, id="a", key="")
    for place in (0, NONCE_BYTES, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            sealer.open(bytes(changed), id="a", key="")
    for short in (b"", sealed[:5], sealed[:NONCE_BYTES], sealed[:-1]):
        with pytest.raises(Unreadable):
            sealer.open(short, id="a", key="")
