"""The file of upstreams: what it holds, and what is said of one that is wrong."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from streamsum.errors import SettingsError
from streamsum.settings import Settings
from streamsum.upstreams_file import UpstreamSettings

CANARY = "sk-canary-99"
WHOLE = """
[[upstreams]]
name = "fast"
model = "m-1"
base_url = "https://fast.example/v1"
key_env = "FAST_KEY"
output_mode = "json_object"
wire = "responses"
quotes = true
context_tokens = 32768
max_tokens_field = "max_completion_tokens"
temperature = 0
extra_headers = { X-Team = "reading" }
extra_body = { seed = 7, reasoning = { effort = "low" } }

[[upstreams]]
name = "own"
model = "m-2"
base_url = "http://127.0.0.1:8000/v1"
"""


def read(tmp_path: Path, text: str | bytes, **environment: str) -> tuple[UpstreamSettings, ...]:
    file = tmp_path / "upstreams.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(file), **environment}).upstreams


def test_a_whole_file(tmp_path: Path) -> None:
    """In its order; what is left out has the defaults of a plain server."""
    fast, own = read(tmp_path, WHOLE, FAST_KEY=CANARY)
    assert fast == UpstreamSettings(
        name="fast",
        model="m-1",
        base_url="https://fast.example/v1",
        key_env="FAST_KEY",
        output_mode="json_object",
        wire="responses",
        quotes=True,
        context_tokens=32768,
        max_tokens_field="max_completion_tokens",
        temperature=0,
        extra_headers={"X-Team": "reading"},
        extra_body={"seed": 7, "reasoning": {"effort": "low"}},
        key=SecretStr(CANARY),
    )
    assert own == UpstreamSettings(name="own", model="m-2", base_url="http://127.0.0.1:8000/v1")
    assert CANARY not in repr((fast, own))


def test_without_a_file_there_are_none() -> None:
    """The plain settings hold then."""
    assert Settings.read({"STREAMSUM_UPSTREAMS_FILE": " "}).upstreams == ()


def test_a_key_in_a_file(tmp_path: Path) -> None:
    """Its path counts from the file of upstreams; white space around the key does not."""
    (tmp_path / "key").write_text(f"{CANARY}\n")
    (upstream,) = read(tmp_path, '[[upstreams]]\nname = "a"\nmodel = "m"\nkey_file = "key"')
    assert upstream.key == SecretStr(CANARY)


def table(*lines: str) -> str:
    return "\n".join(["[[upstreams]]", 'name = "a"', 'model = "m"', 'base_url = "http://x/v1"', *lines])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff", ": must be the path of a readable file of TOML"),
        (f"{CANARY} = ", ": must be the path of a readable file of TOML"),
        ("", ": must hold [[upstreams]], one or more, and nothing else"),
        ("upstreams = []", ": must hold [[upstreams]], one or more, and nothing else"),
        ("[upstreams]", ": must hold [[upstreams]], one or more, and nothing else"),
        (f"other = '{CANARY}'\n{table()}", ": must hold [[upstreams]], one or more, and nothing else"),
        ("upstreams = [7]", ": upstream 1: must be a table"),
        (table() + "\n" + table(), ": each upstream must have a name of its own"),
        (table() + "\n[[upstreams]]", ": upstream 2: name must be 1 to 64 letters"),
        ('[[upstreams]]\nname = "a"', ": upstream 1: model must be the name of a model"),
        (table(f'api_key = "{CANARY}"'), ": upstream 1: api_key is not known here; known are name, model, base_url,"),
        (table(f'key = "{CANARY}"'), ": upstream 1: key is not known here"),
        (table(f'{CANARY} = "a"'), ": upstream 1: a key is not known here"),
        (table('key_env = "A"', 'key_file = "b"'), ": upstream 1: must have key_env or key_file, not both"),
        (table(f'key_env = "{CANARY}"'), ": upstream 1: key_env must name a variable that is set"),
        (table('key_env = "ODD_KEY"'), ": upstream 1: key_env must name a variable that is set"),
        (table(f'key_file = "{CANARY}"'), ": upstream 1: key_file must name a readable file with a key in it"),
        (table('key_file = "/dev/null"'), ": upstream 1: key_file must name a readable file with a key in it"),
        ('[[upstreams]]\nname = "a"\nmodel = "m"', ": upstream 1: must have key_env or key_file, or the base_url of"),
        (table().replace("http://x", CANARY), ": upstream 1: base_url must be the URL of an HTTP server"),
        (table().replace("http://x", "http://x:y"), ": upstream 1: base_url must be the URL of an HTTP server"),
        (table().replace('"a"', f'"a b {CANARY}"'), ": upstream 1: name must be 1 to 64 letters"),
        (table().replace('"m"', '""'), ": upstream 1: model must be the name of a model"),
        (table('wire = "grpc"'), ": upstream 1: wire must be `chat` or `responses`"),
        (table('output_mode = "yaml"'), ": upstream 1: output_mode must be `json_schema`, `json_object` or `prompt`"),
        (table('quotes = "yes"'), ": upstream 1: quotes must be true where"),
        (table("context_tokens = 0"), ": upstream 1: context_tokens must be how many tokens"),
        (table('max_tokens_field = "limit"'), ": upstream 1: max_tokens_field must be `max_tokens` or"),
        (table("temperature = nan"), ": upstream 1: temperature must be a number from 0 to 2"),
        (table("temperature = 3"), ": upstream 1: temperature must be a number from 0 to 2"),
        (table(f'extra_headers = {{ A = "{CANARY}\\n" }}'), ": upstream 1: extra_headers must be a table of headers"),
        (table('extra_headers = { "a b" = "c" }'), ": upstream 1: extra_headers must be a table of headers"),
        (table("extra_headers = { a = 7 }"), ": upstream 1: extra_headers must be a table of headers"),
        (table("extra_body = { a = 2026-11-22 }"), ": upstream 1: extra_body must be a table of what JSON can say"),
        (table("extra_body = { a = nan }"), ": upstream 1: extra_body must be a table of what JSON can say"),
        (table("extra_body = { stream = false }"), ": upstream 1: extra_body must be a table of what JSON can say"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str | bytes, says: str) -> None:
    """The upstream by its number, the key by its name, and no value: it may be a secret in the wrong place."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, ODD_KEY="sk-schlüssel")
    told = str(caught.value).replace("FILE must", "FILE: must")
    assert told.startswith(f"STREAMSUM_UPSTREAMS_FILE{says}")
    assert CANARY not in told
    assert caught.value.__suppress_context__ or not caught.value.__context__


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is named by its variable."""
    with pytest.raises(SettingsError, match="STREAMSUM_UPSTREAMS_FILE must be the path of a readable file"):
        Settings.read({"STREAMSUM_UPSTREAMS_FILE": str(tmp_path / "none.toml")})


def test_the_example_is_sound() -> None:
    """And says something of every key."""
    file = Path(__file__).parent.parent / "examples" / "upstreams.toml"
    environment = {"STREAMSUM_UPSTREAMS_FILE": str(file), "OPENAI_API_KEY": CANARY}
    assert [each.name for each in Settings.read(environment).upstreams] == ["openai", "own"]
    assert all(name in file.read_text() for name in UpstreamSettings.model_fields)
