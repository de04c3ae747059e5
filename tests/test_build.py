"""From settings to an upstream."""

import asyncio
import logging
import ssl
from pathlib import Path

import openai
import pytest

from benchmarks.fake_upstream import FakeUpstream, answer
from streamsum.core.passes import Prompt
from streamsum.errors import SettingsError
from streamsum.settings import Settings
from streamsum.upstream.base import Capabilities, Upstream
from streamsum.upstream.build import build, build_all, build_from
from streamsum.upstream.embedded import EmbeddedUpstream
from streamsum.upstream.openai import OpenAIUpstream
from tests.upstreams import settings_of

KEY = "sk-canary"


def built(**variables: str) -> Upstream:
    return build(Settings.read(variables))


@pytest.mark.parametrize(
    ("variables", "kind", "says"),
    [
        ({}, EmbeddedUpstream, "OPENAI_API_KEY is not set: the built-in model is used"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, EmbeddedUpstream, "OPENAI_API_KEY is not set"),
        ({"OPENAI_API_KEY": KEY}, OpenAIUpstream, "OPENAI_API_KEY is set: it is used model=gpt-4o-mini"),
        ({"OPENAI_API_KEY": KEY, "STREAMSUM_UPSTREAM": "embedded"}, EmbeddedUpstream, ""),
        ({"OPENAI_API_KEY": KEY, "STREAMSUM_UPSTREAM": "openai"}, OpenAIUpstream, ""),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "STREAMSUM_UPSTREAM": "openai"}, OpenAIUpstream, ""),
    ],
)
def test_the_upstream_that_settings_ask_for(
    variables: dict[str, str], kind: type, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`auto` goes by the key, and says what it took."""
    caplog.set_level(logging.INFO, logger="streamsum")
    assert isinstance(built(**variables), kind)
    assert says in caplog.text
    assert bool(says) == bool(caplog.messages)
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ({"STREAMSUM_UPSTREAM": "openai"}, "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": "sk-schlüssel"}, "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": "sk-\tx"}, "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "127.0.0.1:8000"}, "OPENAI_BASE_URL"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "ftp://host/v1"}, "OPENAI_BASE_URL"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://host:99999/v1"}, "OPENAI_BASE_URL"),
        ({"OPENAI_API_KEY": KEY, "STREAMSUM_PROXY": "socks5://host"}, "STREAMSUM_PROXY"),
        ({"OPENAI_API_KEY": KEY, "STREAMSUM_CA_FILE": "/nowhere.pem"}, "STREAMSUM_CA_FILE"),
        ({"OPENAI_API_KEY": KEY, "STREAMSUM_CA_FILE": __file__}, "STREAMSUM_CA_FILE"),
    ],
)
def test_a_setting_that_cannot_work_is_named(variables: dict[str, str], variable: str) -> None:
    """Before the first call, and without its value."""
    with pytest.raises(SettingsError) as caught:
        built(**variables)
    assert str(caught.value).startswith(f"{variable} must be")
    assert not any(value in str(caught.value) for name, value in variables.items() if name == variable)


async def test_settings_reach_the_call() -> None:
    """Model, address, key, output mode, tokens."""
    async with FakeUpstream(answer("[]")) as model:
        upstream = built(
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=model.base_url,
            STREAMSUM_MODEL="m-2",
            STREAMSUM_OUTPUT_MODE="json_object",
            STREAMSUM_MAX_TOKENS="77",
        )
        await call(upstream)
        await upstream.aclose()
        (made,) = model.calls
    assert (upstream.model, upstream.can.output_mode) == ("m-2", "json_object")
    assert made.headers["authorization"] == f"Bearer {KEY}"
    assert (made.body["model"], made.body["max_tokens"]) == ("m-2", 77)


async def test_a_client_of_the_caller_keeps_its_provider_and_its_connections() -> None:
    """Address, key and headers are taken from it; closing ours leaves it open."""
    async with FakeUpstream(answer("[]")) as model:
        async with openai.AsyncOpenAI(
            api_key=KEY, base_url=model.base_url, default_headers={"X-Team": "reading"}
        ) as client:
            upstream = build_from(client, Settings())
            await call(upstream)
            await upstream.aclose()
            assert not client.is_closed()
        (made,) = model.calls
    assert made.headers["authorization"] == f"Bearer {KEY}"
    assert made.headers["x-team"] == "reading"
    assert made.headers["accept-encoding"] == "identity"


async def call(upstream: Upstream) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    async with upstream.call(Prompt("s", "u", {}, 10), deadline=deadline) as reply:
        async for _ in reply:
            pass


def test_certificates_of_ones_own(tmp_path: Path) -> None:
    """A file of PEM certificates is read when the upstream is built."""
    bundle = tmp_path / "ca.pem"
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not known:
        pytest.skip("this machine trusts nobody")
    bundle.write_text(ssl.DER_cert_to_PEM_cert(known[0]))
    assert built(OPENAI_API_KEY=KEY, STREAMSUM_CA_FILE=str(bundle)).name == "openai"


async def test_each_upstream_of_the_file_reaches_its_call(tmp_path: Path) -> None:
    """Address, key, headers, wire, limits: all that is said there; one that needs no key is sent none of ours."""
    file = tmp_path / "upstreams.toml"
    async with FakeUpstream(answer("[]")) as model:
        file.write_text(f"""
            [[upstreams]]
            name = "first"
            model = "m-1"
            base_url = "{model.base_url}"
            key_env = "FIRST_KEY"
            output_mode = "json_object"
            quotes = true
            context_tokens = 1000
            max_tokens_field = "max_completion_tokens"
            temperature = 0.5
            extra_headers = {{ X-Team = "reading" }}
            extra_body = {{ seed = 7 }}
            [[upstreams]]
            name = "second"
            model = "m-2"
            base_url = "{model.base_url}"
            wire = "responses"
            """)
        variables = {"STREAMSUM_UPSTREAMS_FILE": str(file), "FIRST_KEY": KEY, "OPENAI_API_KEY": "sk-another"}
        upstreams = build_all(Settings.read(variables))
        for upstream in upstreams:
            await call(upstream)
            await upstream.aclose()
        first, second = model.calls
    assert [(each.name, each.model) for each in upstreams] == [("first", "m-1"), ("second", "m-2")]
    assert [each.can for each in upstreams] == [Capabilities("json_object", True, 1000), Capabilities()]
    assert (first.path, second.path) == ("/v1/chat/completions", "/v1/responses")
    assert (first.headers["authorization"], second.headers["authorization"]) == (f"Bearer {KEY}", "Bearer none")
    assert first.headers["x-team"] == "reading"
    told = {"model": "m-1", "max_completion_tokens": 10, "temperature": 0.5, "seed": 7}
    assert told.items() <= first.body.items()
    assert "max_tokens" not in first.body


def test_without_a_file_there_is_one_upstream() -> None:
    """The one that the plain settings ask for."""
    (upstream,) = build_all(Settings.read({"OPENAI_API_KEY": KEY}))
    assert upstream.name == "openai"


async def test_what_the_environment_says_to_openai_is_told_to_nobody_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Organisation, project, headers of one's own: the SDK adds them to every client, and they may be secrets."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-canary")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-canary")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: canary\nAuthorization: Bearer canary\nX-Team: canary")
    async with FakeUpstream(answer("[]")) as model:
        settings = settings_of(tmp_path, model, more='extra_headers = { X-Team = "reading" }')
        (upstream,) = build_all(settings)
        for _ in range(2):
            await call(upstream)
        await upstream.aclose()
        for made in model.calls:
            assert "canary" not in str(made.headers)
            assert (made.headers["authorization"], made.headers["x-team"]) == ("Bearer sk-a", "reading")
