"""From settings to the model's side. Libraries are imported only for the upstream that is asked for."""

import os
import ssl
from typing import TYPE_CHECKING, Any, Literal, assert_never

from streamsum.errors import SettingsError
from streamsum.settings import Settings, UpstreamSettings
from streamsum.telemetry.logs import logger
from streamsum.upstream.base import Capabilities, Upstream
from streamsum.upstreams_file import is_header_value, is_url

if TYPE_CHECKING:
    import httpx2
    import openai

# Servers on one's own machine ask for no key, but the SDK does.
_NO_KEY = "none"


def build_all(settings: Settings) -> tuple[Upstream, ...]:
    """The upstreams that `settings` ask for, in order of preference, one at least. Raises SettingsError."""
    return tuple(_of_file(each, settings) for each in settings.upstreams) or (build(settings),)


def build(settings: Settings) -> Upstream:
    """The one upstream that `settings` ask for by themselves. Raises SettingsError with what the operator can do."""
    kind = _kind(settings)
    match kind:
        case "openai":
            return _openai(settings)
        case "embedded":
            return _embedded(settings)
        case _:
            assert_never(kind)


def build_from(client: "openai.AsyncOpenAI", settings: Settings) -> Upstream:
    """An upstream with the provider, keys and headers of `client`, over connections of our own."""
    return _upstream(client.with_options(http_client=_connections(settings)), settings)


def _kind(settings: Settings) -> Literal["openai", "embedded"]:
    if settings.upstream != "auto":
        return settings.upstream
    if settings.api_key:
        logger.info("OPENAI_API_KEY is set: it is used", model=settings.model)
        return "openai"
    logger.info("OPENAI_API_KEY is not set: the built-in model is used")
    return "embedded"


def _openai(settings: Settings) -> Upstream:
    import openai

    key, base_url = _key(settings), _base_url(settings)
    return _upstream(openai.AsyncOpenAI(api_key=key, base_url=base_url, http_client=_connections(settings)), settings)


def _upstream(client: "openai.AsyncOpenAI", settings: Settings) -> Upstream:
    from streamsum.upstream.openai import OpenAIUpstream

    return OpenAIUpstream(
        client,
        model=settings.model,
        can=Capabilities(output_mode=settings.output_mode),
        stall_s=settings.stall_s,
        think_s=settings.think_s,
        max_tokens=settings.max_tokens,
    )


def _of_file(one: UpstreamSettings, settings: Settings) -> Upstream:
    import openai

    from streamsum.upstream.openai import OpenAIUpstream

    key = one.key.get_secret_value() if one.key else _NO_KEY
    client = openai.AsyncOpenAI(
        api_key=key,
        base_url=one.base_url,
        default_headers={**_without_the_environments(key), **one.extra_headers},
        http_client=_connections(settings),
    )
    # The SDK takes them from the environment, and would tell every upstream of the file.
    client.organization = client.project = None
    return OpenAIUpstream(
        client,
        name=one.name,
        model=one.model,
        can=Capabilities(output_mode=one.output_mode, quotes=one.quotes, context_tokens=one.context_tokens),
        stall_s=settings.stall_s,
        think_s=settings.think_s,
        max_tokens=settings.max_tokens,
        wire=one.wire,
        max_tokens_field=one.max_tokens_field,
        temperature=one.temperature,
        extra_body=one.extra_body,
    )


def _without_the_environments(key: str) -> dict[str, Any]:
    """Headers that undo those of OPENAI_CUSTOM_HEADERS, which the SDK adds to every client's."""
    import openai

    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = [line.partition(":")[0].strip() for line in lines if ":" in line]
    if not names:
        return {}
    own = {name: openai.omit for name in names if name.lower() != "authorization"}
    return own | {"Authorization": f"Bearer {key}"}


def _connections(settings: Settings) -> "httpx2.AsyncClient":
    from streamsum.upstream.transport import Transport, http_client

    return http_client(Transport(streams=settings.max_streams, trust=_trust(settings), proxy=_proxy(settings)))


def _embedded(settings: Settings) -> Upstream:
    from streamsum.upstream.embedded import EmbeddedUpstream, find_model

    # Reading a long prompt on a laptop's cores takes as long as others think.
    silence_s = max(settings.stall_s, settings.think_s)
    return EmbeddedUpstream(find_model(), silence_s=silence_s, max_tokens=settings.max_tokens)


def _key(settings: Settings) -> str:
    if settings.api_key:
        key = settings.api_key.get_secret_value()
        if not is_header_value(key):
            raise SettingsError("OPENAI_API_KEY must be ASCII: it goes into a header")
        return key
    if settings.base_url:
        return _NO_KEY
    raise SettingsError("OPENAI_API_KEY must be set, or OPENAI_BASE_URL of a server that needs none")


def _base_url(settings: Settings) -> str:
    url = settings.base_url or "https://api.openai.com/v1"
    _check_url(url, variable="OPENAI_BASE_URL")
    return url


def _proxy(settings: Settings) -> str | None:
    if settings.proxy:
        _check_url(settings.proxy, variable="STREAMSUM_PROXY")
    return settings.proxy


def _check_url(url: str, *, variable: str) -> None:
    if not is_url(url):
        raise SettingsError(f"{variable} must be the URL of an HTTP server")


def _trust(settings: Settings) -> ssl.SSLContext | None:
    if not settings.ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError:  # ssl.SSLError too
        raise SettingsError("STREAMSUM_CA_FILE must be a readable file of PEM certificates") from None
