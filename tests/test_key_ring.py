"""web/key_ring.py: which keys open now, while their file changes."""

import asyncio
import logging
from pathlib import Path

import pytest

from streamsum.errors import SettingsError
from streamsum.keys_file import NO_KEY, read_keys
from streamsum.web.key_ring import KeyRing
from tests.keys import ALICE, BOB, CAROL, key_for, toml

CANARY = "canary-77aa"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.toml"
    file.write_text(toml("alice", ALICE))
    return file


def put(file: Path, content: str | None) -> None:
    """None: it is gone."""
    if content is None:
        file.unlink()
    else:
        file.write_text(content)


def ring_of(file: Path) -> KeyRing:
    return KeyRing(read_keys(str(file)), path=str(file), look_s=0.01)


def test_a_key_opens_for_its_holder() -> None:
    """Each of several while it is being changed; a disabled one is as if it were not there."""
    alice = key_for("alice", ALICE)
    bob = key_for("bob", BOB, disabled=True)
    ring = KeyRing([alice, bob])
    assert ring.find(ALICE) is alice
    for secret in ("", BOB, CAROL, ALICE[:-1], ALICE + "x", alice.digests[0].hex(), "é"):
        assert ring.find(secret) is None


def test_what_was_not_sent_opens_nothing() -> None:
    """Though the digest of nothing is in the file: somebody has hashed a variable that was not set."""
    assert KeyRing([key_for("alice", "")]).find("") is None


def test_names() -> None:
    """A summary that was begun without a key is nobody's, and stays so."""
    alice = key_for("alice", ALICE)
    ring = KeyRing([alice, key_for("bob", BOB, disabled=True)])
    assert ring.named("alice") is alice
    assert ring.named("") is NO_KEY
    assert ring.named("bob") is ring.named("carol") is None


async def test_a_change_holds_at_the_next_look(file: Path) -> None:
    """A key that comes, one that goes, and one whose limits change."""
    ring = ring_of(file)
    assert not await ring.look()
    put(file, toml("alice", ALICE, "streams = 3") + toml("bob", BOB))
    assert await ring.look()
    assert not await ring.look()
    alice = ring.find(ALICE)
    assert alice is not None
    assert alice.streams == 3
    assert ring.find(BOB) is not None
    put(file, toml("bob", BOB, "disabled = true") + toml("alice", CAROL))
    assert await ring.look()
    assert ring.find(ALICE) is ring.find(BOB) is None
    assert ring.named("alice") is ring.find(CAROL)


async def test_half_of_a_file_does_not_hold() -> None:
    """It may be in form, and have fewer keys and limits: what is still being written is looked at next time."""
    half = toml("alice", ALICE)
    whole = toml("alice", ALICE, "streams = 3") + toml("carol", CAROL)
    found = iter([half, whole, whole, whole])
    ring = KeyRing([key_for("bob", BOB)], path="keys.toml", load=lambda _path: next(found).encode())
    assert not await ring.look()
    assert ring.find(ALICE) is None
    assert ring.find(BOB) is not None
    assert await ring.look()
    alice = ring.find(ALICE)
    assert alice is not None
    assert alice.streams == 3


async def test_a_file_that_says_the_same_in_other_words_changes_nothing(file: Path) -> None:
    """Nobody is told of it."""
    ring = ring_of(file)
    put(file, "# Who may call.\n" + toml("alice", ALICE))
    assert not await ring.look()


@pytest.mark.parametrize(
    "broken", ["", CANARY, f'[[keys]]\nname = "{CANARY}"', toml("a", ALICE, f'models = "{CANARY}"'), None]
)
async def test_a_broken_file_changes_nothing(file: Path, broken: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, once, and nothing of what is in it; what is mended holds."""
    caplog.set_level(logging.INFO, "streamsum")
    ring = ring_of(file)
    for content in (broken, toml("bob", BOB)):
        put(file, content)
        for _ in range(3):
            await ring.look()
        assert (ring.find(ALICE) is None) is (content != broken)
    assert ring.find(BOB) is not None
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith("the keys file is wrong: the keys of before go on to hold what=STREAMSUM_KEYS_FILE")
    assert CANARY not in caplog.text


async def test_a_file_that_breaks_again_is_told_of_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And what was there before it, though it has been read before, holds as it did."""
    ring = ring_of(file)
    for content in ("broken", toml("alice", ALICE), "broken"):
        put(file, content)
        await ring.look()
    assert len(caplog.records) == 2
    assert ring.find(ALICE) is not None


async def test_it_looks_by_itself(file: Path) -> None:
    """Until nobody needs it any more."""
    ring = ring_of(file)
    changed = asyncio.Event()
    watching = asyncio.create_task(ring.watch(changed.set))
    put(file, toml("bob", BOB))
    async with asyncio.timeout(10):
        await changed.wait()
    assert ring.find(BOB) is not None
    watching.cancel()
    await asyncio.wait([watching])


async def test_a_bug_does_not_end_its_looking(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A revoked key would open for ever; and its words stay here."""
    ring = ring_of(file)
    failed, changed = asyncio.Event(), asyncio.Event()

    def on_change() -> None:
        if not failed.is_set():
            failed.set()
            raise ValueError(CANARY)
        changed.set()

    watching = asyncio.create_task(ring.watch(on_change))
    async with asyncio.timeout(10):
        put(file, toml("bob", BOB))
        await failed.wait()
        put(file, toml("carol", CAROL))
        await changed.wait()
    assert "a bug what=the keys error=ValueError at " in caplog.text
    assert CANARY not in caplog.text
    watching.cancel()
    await asyncio.wait([watching])


async def test_without_a_file_there_is_nothing_to_look_at() -> None:
    """Keys that were given by argument hold for ever."""
    ring = KeyRing([key_for("alice", ALICE)])
    assert not await ring.look()
    assert ring.find(ALICE) is not None


def test_a_file_that_is_broken_at_the_start_is_an_error(tmp_path: Path) -> None:
    """There are no keys of before."""
    with pytest.raises(SettingsError):
        read_keys(str(tmp_path / "nowhere"))
