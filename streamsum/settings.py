"""Every setting, read once from a mapping. Everything has a default with which the service runs on a laptop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args

from pydantic import SecretStr

from streamsum.addresses import host, listed, network, origin
from streamsum.errors import SettingsError
from streamsum.keys_file import VARIABLE as KEYS_FILE
from streamsum.keys_file import Key, read_keys
from streamsum.secret_file import VARIABLE as SECRET_FILE
from streamsum.secret_file import read_secrets
from streamsum.upstreams_file import VARIABLE as UPSTREAMS_FILE
from streamsum.upstreams_file import MaxTokensField as MaxTokensField
from streamsum.upstreams_file import OutputMode as OutputMode
from streamsum.upstreams_file import UpstreamSettings as UpstreamSettings
from streamsum.upstreams_file import WireName as WireName
from streamsum.upstreams_file import is_url, read_upstreams

UpstreamKind = Literal["auto", "openai", "embedded"]
MEMORY = "memory://"
_REDIS = ("redis://", "rediss://", "unix://")

# No machine has as much of anything; longer ones Python itself does not read, and says so in words of its own.
_MOST_DIGITS = 15

WhenDown = Literal["closed", "open"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["auto", "json", "console"]


def _setting(variable: str, default: Any, read: Callable[[str], Any], says: str) -> Any:
    """A field that is read from the environment variable `variable`; `says` goes into the documentation."""
    return field(default=default, metadata={"variable": variable, "read": read, "says": says})


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return read


def _number(*, above: float | None = None) -> Callable[[str], float]:
    """A reader of numbers above this one; None: 0 will do, too."""

    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not (number >= 0 if above is None else above < number) or number == float("inf"):
            raise ValueError("a number, 0 or more" if above is None else f"a number above {above:g}")
        return number

    return read


def _whole(*, least: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or len(value) > _MOST_DIGITS or int(value) < least:
            raise ValueError(f"a whole number, {least} or more, of {_MOST_DIGITS} digits at most")
        return int(value)

    return read


def _max_tokens(value: str) -> int | None:
    return None if value == "auto" else _whole(least=1)(value)


def _flag(value: str) -> bool:
    return {"0": False, "1": True}[_one_of(("0", "1"))(value)]


def _address(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65535:
        raise ValueError("host:port, as in 127.0.0.1:9090")
    return host, int(port)


def _url(value: str) -> str:
    if not is_url(value):
        raise ValueError("the URL of an HTTP server")
    return value


def _event_log(value: str) -> SecretStr:
    """An address may hold a password."""
    if value != MEMORY and not value.startswith(_REDIS):
        raise ValueError(f"{MEMORY} or {_REDIS[0]}…")
    return SecretStr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Times in seconds, sizes in bytes."""

    api_key: SecretStr | None = _setting("OPENAI_API_KEY", None, SecretStr, "the upstream's key")
    base_url: str | None = _setting("OPENAI_BASE_URL", None, str, "any OpenAI-compatible server")
    upstream: UpstreamKind = _setting(
        "STREAMSUM_UPSTREAM",
        "auto",
        _one_of(get_args(UpstreamKind)),
        "`openai`, `embedded`, or `auto`: `openai` where a key is set, else `embedded`",
    )
    model: str = _setting("STREAMSUM_MODEL", "gpt-4o-mini", str, "the model to ask for")
    output_mode: OutputMode = _setting(
        "STREAMSUM_OUTPUT_MODE",
        "json_schema",
        _one_of(get_args(OutputMode)),
        "how the upstream is asked for JSON: `json_schema`, `json_object`, `prompt`",
    )
    max_tokens: int | None = _setting(
        "STREAMSUM_MAX_TOKENS", None, _max_tokens, "sent with every call; `auto`: from the bullets asked for"
    )
    upstreams_file: str | None = _setting(
        UPSTREAMS_FILE,
        None,
        str,
        "TOML, instead of the settings above, in order of preference: examples/upstreams.toml",
    )
    item_model: str | None = _setting(
        "STREAMSUM_ITEM_MODEL", None, str, "`package.module:Name`: a Pydantic model that every element must be"
    )
    ca_file: str | None = _setting("STREAMSUM_CA_FILE", None, str, "certificates to trust, towards the upstream")
    proxy: str | None = _setting("STREAMSUM_PROXY", None, str, "proxy towards the upstream")

    event_log: SecretStr = _setting(
        "STREAMSUM_EVENT_LOG", SecretStr(MEMORY), _event_log, "`memory://`, or `redis://…` for several replicas"
    )
    secret_file: str | None = _setting(
        SECRET_FILE, None, str, "one secret a line, the newest first: tickets, and taking over what a replica leaves"
    )
    keep_s: float = _setting("STREAMSUM_KEEP_S", 600.0, _number(), "how long finished summaries are kept")
    keep_bytes: int = _setting("STREAMSUM_KEEP_BYTES", 64 << 20, _whole(least=0), "how much of them, in memory")
    grace_s: float = _setting("STREAMSUM_GRACE_S", 10.0, _number(), "how long `on_disconnect: grace` waits")

    keys_file: str | None = _setting(KEYS_FILE, None, str, "TOML: who may call, and how much (`streamsum key NAME`)")
    no_keys: bool = _setting("STREAMSUM_NO_KEYS", False, _flag, "1 allows serving without keys off loopback")
    limiter_down: WhenDown = _setting(
        "STREAMSUM_LIMITER_DOWN",
        "closed",
        _one_of(get_args(WhenDown)),
        "`closed` refuses what cannot be held against its key's limits, `open` lets it in",
    )
    cors_origins: tuple[str, ...] = _setting(
        "STREAMSUM_CORS_ORIGINS", (), listed(origin), "pages elsewhere that may call: `https://app.example`, or `*`"
    )
    trusted_hosts: tuple[str, ...] = _setting(
        "STREAMSUM_TRUSTED_HOSTS", (), listed(host), "the names that this service goes by; none: any"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "STREAMSUM_TRUSTED_PROXIES", (), listed(network), "addresses whose X-Forwarded-For and -Proto are believed"
    )

    max_streams: int = _setting("STREAMSUM_MAX_STREAMS", 1000, _whole(least=1), "summaries running at once")
    source_bytes: int = _setting("STREAMSUM_SOURCE_BYTES", 128 << 20, _whole(least=1), "their sources together")
    max_body_bytes: int = _setting("STREAMSUM_MAX_BODY_BYTES", 1 << 20, _whole(least=1), "a request's body")
    first_byte_s: float = _setting(
        "STREAMSUM_FIRST_BYTE_S", 5.0, _number(above=0), "how long a POST's status is held for the first content"
    )
    think_s: float = _setting("STREAMSUM_THINK_S", 120.0, _number(above=0), "until the model's first content")
    stall_s: float = _setting("STREAMSUM_STALL_S", 30.0, _number(above=0), "since the last content or reasoning")
    total_s: float = _setting("STREAMSUM_TOTAL_S", 300.0, _number(above=0), "for a whole summary")
    drain_s: float = _setting("STREAMSUM_DRAIN_S", 30.0, _number(), "for running summaries after SIGTERM")

    reask: int = _setting("STREAMSUM_REASK", 1, _whole(least=0), "how many times what was withheld is asked for again")

    log_level: LogLevel = _setting(
        "STREAMSUM_LOG_LEVEL",
        "INFO",
        _one_of(get_args(LogLevel)),
        "what is logged: from `DEBUG`, `INFO`, `WARNING` or `ERROR` on",
    )
    log_format: LogFormat = _setting(
        "STREAMSUM_LOG_FORMAT",
        "auto",
        _one_of(get_args(LogFormat)),
        "`json`, `console`, or `auto`: for a person where standard error is a terminal, else JSON",
    )
    metrics_addr: tuple[str, int] | None = _setting(
        "STREAMSUM_METRICS_ADDR", None, _address, "`host:port`, a listener of its own for `/metrics`"
    )
    otlp_endpoint: str | None = _setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT", None, _url, "where traces go, by OTLP over HTTP; none: there are none"
    )
    otlp_traces_endpoint: str | None = _setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None, _url, "... the whole URL; the SDK reads more variables of its own"
    )

    keys: tuple[Key, ...] = ()  # what is in `keys_file`
    secrets: tuple[SecretStr, ...] = ()  # what is in `secret_file`
    upstreams: tuple[UpstreamSettings, ...] = ()  # what is in `upstreams_file`, with the keys that it names

    @property
    def asks_built_in(self) -> bool:
        """Is it the built-in model that is asked?"""
        chosen = self.upstream == "embedded" or (self.upstream == "auto" and not self.api_key)
        return chosen and not self.upstreams

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`, and in the files that it names; an empty value counts as none.

        Raises SettingsError naming the variable.
        """
        values: dict[str, Any] = {}
        for each in fields(cls):
            variable = each.metadata.get("variable", "")
            if not (given := environment.get(variable, "").strip()):
                continue
            try:
                values[each.name] = each.metadata["read"](given)
            except ValueError as error:
                # The readers raise words of ours; the value itself may be a secret in the wrong place.
                raise SettingsError(f"{variable} must be {error}") from None
        if file := values.get("upstreams_file"):
            values["upstreams"] = read_upstreams(file, environment)
        if file := values.get("keys_file"):
            values["keys"] = read_keys(file)
        if file := values.get("secret_file"):
            values["secrets"] = read_secrets(file)
        settings = cls(**values)
        if "*" in settings.cors_origins and not settings.keys:
            raise SettingsError(
                "STREAMSUM_CORS_ORIGINS must name its origins: without keys `*` would let any page spend"
            )
        return settings
