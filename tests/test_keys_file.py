"""The file of keys: what it holds, and what is said of one that is wrong."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from streamsum.errors import SettingsError
from streamsum.keys_file import MOST_BYTES, MOST_KEYS, NO_KEY, Key
from streamsum.settings import Settings
from tests.keys import ALICE, BOB, toml

CANARY = "canary-5b1f"
HASH = "0123456789abcdefABCDEF" * 2 + "0" * 20


def read(tmp_path: Path, text: str | bytes) -> tuple[Key, ...]:
    file = tmp_path / "keys.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.read({"STREAMSUM_KEYS_FILE": str(file)}).keys


def test_a_whole_file(tmp_path: Path) -> None:
    """What is left out is no limit."""
    text = f"""
    [[keys]]
    name = "alice"
    sha256 = "{HASH}"
    requests_per_minute = 60
    streams = 5
    tokens_per_day = 1_000_000
    models = ["m-1", "m-2"]
    disabled = true

    [[keys]]
    name = "B.o_b-2"
    sha256 = ["{"1" * 64}", "{"2" * 64}"]
    """
    alice, bob = read(tmp_path, text)
    assert alice == Key(
        name="alice",
        digests=(bytes.fromhex(HASH),),
        requests_per_minute=60,
        streams=5,
        tokens_per_day=1_000_000,
        models=frozenset({"m-1", "m-2"}),
        disabled=True,
    )
    assert bob == Key(name="B.o_b-2", digests=(b"\x11" * 32, b"\x22" * 32))


def test_the_example_holds() -> None:
    """Every field is in it, and it opens for nobody."""
    file = Path(__file__).parent.parent / "examples" / "keys.toml"
    keys = Settings.read({"STREAMSUM_KEYS_FILE": str(file)}).keys
    assert [key.name for key in keys if not key.disabled] == ["reading-app"]
    assert set(tomllib.loads(file.read_text())["keys"][0]) == {
        each.name if each.name != "digests" else "sha256" for each in fields(Key) if each.name != "disabled"
    }


def test_without_a_file_there_are_none() -> None:
    """And who calls is nobody, who may do everything."""
    assert Settings.read({"STREAMSUM_KEYS_FILE": " "}).keys == ()
    assert NO_KEY.may_use("any")
    assert not NO_KEY.reserves


@pytest.mark.parametrize(
    ("key", "reserves"),
    [
        (Key(name="a", requests_per_minute=1), False),
        (Key(name="a", streams=1), True),
        (Key(name="a", tokens_per_day=1), True),
    ],
)
def test_what_is_reserved(key: Key, reserves: bool) -> None:
    """What lasts as long as a summary."""
    assert key.reserves is reserves


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must hold [[keys]]"),
        ("keys = []", "must hold [[keys]]"),
        (f'{CANARY} = "{CANARY}"', "must hold [[keys]]"),
        (f'title = "{CANARY}"\n' + toml("a", ALICE), "must hold [[keys]]"),
        (f"[[keys]\n{CANARY}", "a readable file of TOML"),
        (b"\xff", "a readable file of TOML"),
        (f"keys = {'[' * 10_000}", "a readable file of TOML"),
        (f'keys = ["{CANARY}"]', "key 1: must be a table"),
        (f'[[keys]]\nname = "{CANARY}"', "key 1: sha256 must be 64 hexadecimal digits"),
        (f'[[keys]]\nsha256 = "{HASH}"', "key 1: name must be 1 to 64 letters"),
        (f'[[keys]]\nname = "{CANARY} x"\nsha256 = "{HASH}"', "key 1: name must be 1 to 64 letters"),
        (f'[[keys]]\nname = "a\\n"\nsha256 = "{HASH}"', "key 1: name must be 1 to 64 letters"),
        (f'[[keys]]\nname = "a"\nsha256 = "{CANARY}"', "key 1: sha256 must be 64 hexadecimal digits"),
        (f'[[keys]]\nname = "a"\nsha256 = "{ALICE}"', "key 1: sha256 must be 64 hexadecimal digits"),
        (f'[[keys]]\nname = "a"\nsha256 = ["{HASH}", "{CANARY}"]', "key 1: sha256 must be 64 hexadecimal digits"),
        ('[[keys]]\nname = "a"\nsha256 = []', "key 1: sha256 must be 64 hexadecimal digits"),
        (toml("a", ALICE) + toml("b", BOB, "requests_per_minute = 0"), "key 2: requests_per_minute must be a whole"),
        (toml("a", ALICE, "requests_per_minute = 60001"), "key 1: requests_per_minute must be a whole"),
        (toml("a", ALICE, f'streams = "{CANARY}"'), "key 1: streams must be a whole number"),
        (toml("a", ALICE, "tokens_per_day = 1.5"), "key 1: tokens_per_day must be a whole number"),
        (toml("a", ALICE, f'models = "{CANARY}"'), "key 1: models must be a list of models' names"),
        (toml("a", ALICE, "models = []"), "key 1: models must be a list of models' names"),
        (toml("a", ALICE, 'disabled = "no"'), "key 1: disabled must be true or false"),
        (
            toml("a", ALICE, "request_per_minute = 1"),
            "key 1: request_per_minute is not known here; known are name, sha256,",
        ),
        (toml("a", ALICE, f'"{CANARY}" = 1'), "key 1: a key is not known here"),
        (toml("a", ALICE) + toml("a", BOB), "key 2: name must be its own"),
        (toml("a", ALICE) + toml("b", ALICE), "key 2: sha256 must be its own"),
        (toml("a", ALICE).replace('sha256 = "', f'sha256 = ["{HASH}", "{HASH}"] # "'), "key 1: sha256 must be its own"),
        (b"#" * (MOST_BYTES + 1), f"must have at most {MOST_BYTES} bytes"),
        ("".join(toml(f"k{n}", f"{n}") for n in range(MOST_KEYS + 1)), f"must hold at most {MOST_KEYS} keys"),
    ],
    ids=lambda value: None if isinstance(value, bytes) or len(value) > 80 else value,
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str | bytes, says: str) -> None:
    """By its number and its field, and never by a value: it may be a key in the wrong place."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith("STREAMSUM_KEYS_FILE")
    assert says in message
    assert CANARY not in message
    assert ALICE not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("path", ["nowhere.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, path: str) -> None:
    """Without its name, which is the operator's anyway."""
    with pytest.raises(SettingsError, match="readable file of TOML"):
        Settings.read({"STREAMSUM_KEYS_FILE": str(tmp_path / path)})


def test_the_most_keys_are_read_soon(tmp_path: Path) -> None:
    """A thousand."""
    assert len(read(tmp_path, "".join(toml(f"k{n}", f"{n}") for n in range(MOST_KEYS)))) == MOST_KEYS
