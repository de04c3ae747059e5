"""The file of upstreams: TOML, `[[upstreams]]` in order of preference, read once with the settings (`examples/`)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from streamsum.errors import SettingsError
from streamsum.toml_tables import Tables, validate

OutputMode: TypeAlias = Literal["json_schema", "json_object", "prompt"]
WireName: TypeAlias = Literal["chat", "responses"]
MaxTokensField: TypeAlias = Literal["max_tokens", "max_completion_tokens"]

VARIABLE = "STREAMSUM_UPSTREAMS_FILE"

# What every request needs, and what is read of its answer, is not for a file to say.
_OURS = {"input", "instructions", "messages", "model", "n", "stream"}
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]{1,128}", re.ASCII)


def is_url(url: str) -> bool:
    """Is it the URL of an HTTP server?"""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_header_value(value: str) -> bool:
    """Can it go into a header?"""
    return value.isascii() and value.isprintable()


def _url(url: str) -> str:
    if not is_url(url):
        raise ValueError
    return url


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if not all(_HEADER_NAME.fullmatch(name) and is_header_value(value) for name, value in headers.items()):
        raise ValueError
    return headers


def _body(body: dict[str, Any]) -> dict[str, Any]:
    """TOML has more than JSON: dates, NaN."""
    try:
        json.dumps(body, allow_nan=False)
    except TypeError:
        raise ValueError from None
    if body.keys() & _OURS:
        raise ValueError
    return body


class UpstreamSettings(BaseModel):
    """One of `[[upstreams]]`. A field's description says what it must be."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="1 to 64 letters, digits, `.`, `_`, `-`")]
    model: Annotated[str, Field(min_length=1, max_length=256, description="the name of a model")]
    base_url: Annotated[
        str, AfterValidator(_url), Field(description="the URL of an HTTP server, without it OpenAI's")
    ] = "https://api.openai.com/v1"
    key_env: Annotated[str | None, Field(description="the name of an environment variable that holds the key")] = None
    key_file: Annotated[str | None, Field(description="the path of a file that holds the key, from this file's")] = None
    output_mode: Annotated[OutputMode, Field(description="`json_schema`, `json_object` or `prompt`")] = "json_schema"
    wire: Annotated[WireName, Field(description="`chat` or `responses`")] = "chat"
    quotes: Annotated[bool, Field(description="true where the model can be trusted to quote the source")] = False
    context_tokens: Annotated[int | None, Field(ge=1, description="how many tokens prompt and answer may have")] = None
    max_tokens_field: Annotated[MaxTokensField, Field(description="`max_tokens` or `max_completion_tokens`")] = (
        "max_tokens"
    )
    temperature: Annotated[float | None, Field(ge=0, le=2, description="a number from 0 to 2")] = None
    extra_headers: Annotated[
        dict[str, str], AfterValidator(_headers), Field(repr=False, description="a table of headers, in ASCII")
    ] = {}
    extra_body: Annotated[
        dict[str, Any],
        AfterValidator(_body),
        Field(repr=False, description=f"a table of what JSON can say, without {', '.join(sorted(_OURS))}"),
    ] = {}
    # Not of the file: what `key_env` or `key_file` led to.
    key: Annotated[SecretStr | None, Field(exclude=True)] = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_env is not None and self.key_file is not None:
            raise ValueError
        return self


_TABLES = Tables(VARIABLE, "upstreams", "upstream")
_DECLARED = [name for name in UpstreamSettings.model_fields if name != "key"]


def read_upstreams(path: str, environment: Mapping[str, str]) -> tuple[UpstreamSettings, ...]:
    """The upstreams in this file, with their keys. Raises SettingsError."""
    file = Path(path)
    try:
        tables = _TABLES.parse(file.read_bytes())
    except (OSError, ValueError):  # NUL in the path
        raise _TABLES.unreadable() from None
    upstreams = tuple(_upstream(table, where, file, environment) for where, table in tables)
    if len({each.name for each in upstreams}) < len(upstreams):
        raise SettingsError(f"{VARIABLE}: each upstream must have a name of its own")
    return upstreams


def _upstream(table: object, where: str, file: Path, environment: Mapping[str, str]) -> UpstreamSettings:
    both = "must have key_env or key_file, not both"
    upstream = validate(table, UpstreamSettings, where=where, declared=_DECLARED, otherwise=both)
    return upstream.model_copy(update={"key": _key(upstream, where, file, environment)})


def _key(upstream: UpstreamSettings, where: str, file: Path, environment: Mapping[str, str]) -> SecretStr | None:
    if upstream.key_env is not None:
        key = environment.get(upstream.key_env, "").strip()
        return _checked(key, f"{where}: key_env must name a variable that is set")
    if upstream.key_file is not None:
        unreadable = f"{where}: key_file must name a readable file with a key in it"
        try:
            key = (file.parent / upstream.key_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise SettingsError(unreadable) from None
        return _checked(key, unreadable)
    if "base_url" not in upstream.model_fields_set:
        raise SettingsError(f"{where}: must have key_env or key_file, or the base_url of a server that needs no key")
    return None


def _checked(key: str, otherwise: str) -> SecretStr:
    if not key or not is_header_value(key):
        raise SettingsError(f"{otherwise}, in ASCII")
    return SecretStr(key)
