"""The file of keys: TOML, `[[keys]]`, who may call and how much. It holds no key, only what is kept of one."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streamsum.errors import SettingsError
from streamsum.toml_tables import Tables, validate

VARIABLE = "STREAMSUM_KEYS_FILE"

# Every request is held against all of them, in half a millisecond; who has more callers than that has a gateway.
MOST_KEYS = 1000
# Room for that many, with all their fields; a file that goes on for ever is none.
MOST_BYTES = 1 << 20

_NAME = r"[A-Za-z0-9._-]{1,64}"
# A request's time is kept for a minute, for each key: at most some megabytes.
_MOST_A_MINUTE = 60_000
# What Lua's numbers hold exactly, and to spare.
_MOST_TOKENS = 10**12

_Sha256 = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Whoever calls, and what they may; None: there is no limit."""

    name: str
    digests: tuple[bytes, ...] = field(default=(), repr=False)  # SHA-256 of what opens; several while it is changed
    requests_per_minute: int | None = None
    streams: int | None = None  # summaries running at once
    tokens_per_day: int | None = None
    models: frozenset[str] | None = None
    disabled: bool = False

    def may_use(self, model: str) -> bool:
        """Is this model one of theirs?"""
        return self.models is None or model in self.models

    @property
    def reserves(self) -> bool:
        """Is there a limit to what they may have running, or spend?"""
        return self.streams is not None or self.tokens_per_day is not None


# Whoever calls where there are no keys.
NO_KEY = Key(name="")


class _Entry(BaseModel):
    """One of `[[keys]]`. A field's description says what it must be."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=f"^{_NAME}$", description="1 to 64 letters, digits, `.`, `_`, `-`")]
    sha256: Annotated[
        _Sha256 | Annotated[list[_Sha256], Field(min_length=1, max_length=4)],
        Field(description="64 hexadecimal digits, or a list of up to four such while a key is being changed"),
    ]
    requests_per_minute: Annotated[
        int | None, Field(ge=1, le=_MOST_A_MINUTE, description=f"a whole number from 1 to {_MOST_A_MINUTE}")
    ] = None
    streams: Annotated[int | None, Field(ge=1, le=10_000, description="a whole number from 1 to 10000")] = None
    tokens_per_day: Annotated[
        int | None, Field(ge=1, le=_MOST_TOKENS, description=f"a whole number from 1 to {_MOST_TOKENS}")
    ] = None
    models: Annotated[list[str] | None, Field(min_length=1, description="a list of models' names")] = None
    disabled: Annotated[bool, Field(description="true or false")] = False

    def key(self) -> Key:
        hashes = [self.sha256] if isinstance(self.sha256, str) else self.sha256
        return Key(
            name=self.name,
            digests=tuple(map(bytes.fromhex, hashes)),
            requests_per_minute=self.requests_per_minute,
            streams=self.streams,
            tokens_per_day=self.tokens_per_day,
            models=None if self.models is None else frozenset(self.models),
            disabled=self.disabled,
        )


_TABLES = Tables(VARIABLE, "keys", "key")


def is_name(text: str) -> bool:
    """May a key be called so?"""
    return re.fullmatch(_NAME, text) is not None


def load_keys(path: str) -> bytes:
    """The file as it is now. Raises SettingsError."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise _TABLES.unreadable() from None
    if len(data) > MOST_BYTES:
        raise SettingsError(f"{VARIABLE} must have at most {MOST_BYTES} bytes")
    return data


def parse_keys(data: bytes) -> tuple[Key, ...]:
    """The keys in it, the disabled ones too. Raises SettingsError."""
    keys: dict[str, Key] = {}
    digests: set[bytes] = set()
    for where, table in _TABLES.parse(data):
        key = validate(table, _Entry, where=where, declared=_Entry.model_fields).key()
        if key.name in keys:
            raise SettingsError(f"{where}: name must be its own, and an earlier key has it")
        if len(set(key.digests)) < len(key.digests) or not digests.isdisjoint(key.digests):
            raise SettingsError(f"{where}: sha256 must be its own, and was given before")
        keys[key.name] = key
        digests.update(key.digests)
    if len(keys) > MOST_KEYS:
        raise SettingsError(f"{VARIABLE} must hold at most {MOST_KEYS} keys")
    return tuple(keys.values())


def read_keys(path: str) -> tuple[Key, ...]:
    """The keys in this file. Raises SettingsError."""
    return parse_keys(load_keys(path))
