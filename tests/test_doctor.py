"""`streamsum doctor`: what is well, what is worth knowing, what is wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_upstream import Content, Done, FakeUpstream, Finish, Pause, Role, Script, Status, answer, bullets
from streamsum.doctor import examine
from tests.redis_server import RedisServer
from tests.servers import environment_for

CANARY = "xyzzy-canary"
SENTENCE = "The first lighthouse was lit in 1698."
SPOKEN = answer(bullets(SENTENCE))
IN_PIECES: Script = (*SPOKEN[:2], Pause(0.05), *SPOKEN[2:])
WITHOUT_USAGE: Script = (Role(), Content(bullets(SENTENCE), token_chars=1000), Finish(), Done())


@asynccontextmanager
async def environment(script: Any) -> AsyncIterator[dict[str, str]]:
    async with FakeUpstream(script) as model:
        yield environment_for(model)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], sober_logging: None) -> Any:
    def read() -> dict[str, list[str]]:
        """What it says of each thing, as `mark words`."""
        output, errors = capsys.readouterr()
        assert CANARY not in output + errors
        said: dict[str, list[str]] = {}
        for line in output.splitlines():
            said.setdefault(line[6:22].strip(), []).append(f"{line[:5].strip()} {line[23:]}")
        return said

    return read


async def test_a_healthy_server_is_well(lines: Any) -> None:
    """The model is asked for a bullet, which is shown, with what it takes and tells."""
    async with environment(IN_PIECES) as given:
        assert await examine(given) == 0
    said = lines()
    assert said["settings"] == ["ok set: OPENAI_API_KEY, OPENAI_BASE_URL"]
    assert said["event log"] == ["ok in memory: for one process"]
    answers, form, streams, usage, bullet = said["openai"]
    assert "answers, the first content after" in answers
    assert form == "ok it takes a JSON schema"
    assert streams.startswith("ok it streams: ")
    assert "tokens read" in usage
    assert bullet == f"ok • {SENTENCE}"


async def test_what_is_worth_knowing_is_a_note(lines: Any) -> None:
    """And exit 0: no schema, one piece, no usage."""

    def no_schema(request: dict[str, Any], _n: int) -> Script:
        if "response_format" in request:
            return (Status(400, body={"error": {"param": "response_format", "message": "no"}}),)
        return WITHOUT_USAGE

    async with environment(no_schema) as given:
        assert await examine(given) == 0
    said = lines()["openai"]
    assert "note it is asked for JSON by words alone" in said
    assert "note it does not tell what a call costs" in said
    assert any(line.startswith("note its answer came in one piece") for line in said)


@pytest.mark.parametrize(("script", "words"), [((Status(401),), "OPENAI_API_KEY"), ((Status(500),), "OPENAI_BASE_URL")])
async def test_a_model_that_does_not_answer_is_1(lines: Any, script: Script, words: str) -> None:
    """With what may help."""
    async with environment(script) as given:
        assert await examine(given) == 1
    assert any(line.startswith("FAIL") and words in line for line in lines()["openai"])


@pytest.mark.parametrize(
    ("settings", "what", "words"),
    [
        (
            {"STREAMSUM_ITEM_MODEL": "nowhere:Item"},
            "item model",
            "FAIL STREAMSUM_ITEM_MODEL must be package.module:Name",
        ),
        ({"STREAMSUM_SOURCE_BYTES": "10"}, "openai", "FAIL gpt-4o-mini: Too much is going on"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "traces", "ok can be sent"),
    ],
)
async def test_what_else_the_service_needs_is_looked_at(
    lines: Any, settings: dict[str, str], what: str, words: str
) -> None:
    """And told in a line, where it would keep the service from starting, or from its first summary."""
    async with environment(SPOKEN) as given:
        assert await examine(given | settings) == int(words.startswith("FAIL"))
    assert lines()[what][0].startswith(words)


async def test_a_file_of_upstreams_has_no_hints_about_variables(lines: Any, tmp_path: Path) -> None:
    """OPENAI_BASE_URL does not say where these are looked for."""
    file = tmp_path / "upstreams.toml"
    file.write_text('[[upstreams]]\nname = "own"\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\n')
    assert await examine({"STREAMSUM_UPSTREAMS_FILE": str(file)}) == 1
    assert lines()["own"] == ["FAIL m: The model's server failed."]


async def test_a_context_without_room_is_1(lines: Any, tmp_path: Path) -> None:
    """A figure in the upstreams file that is too small for any text."""
    file = tmp_path / "upstreams.toml"
    async with environment(SPOKEN) as given:
        file.write_text(
            f'[[upstreams]]\nname = "own"\nmodel = "m"\nbase_url = "{given["OPENAI_BASE_URL"]}"\ncontext_tokens = 20\n'
        )
        assert await examine({"STREAMSUM_UPSTREAMS_FILE": str(file)}) == 1
    assert lines()["own"][0].startswith("FAIL m: The text is longer than the model can take.")


async def test_no_model_at_all_is_1(lines: Any) -> None:
    """Asked for, and not configured."""
    assert await examine({"STREAMSUM_UPSTREAM": "openai"}) == 1
    assert lines()["model"][0].startswith("FAIL OPENAI_API_KEY must be set")


async def test_a_wrong_setting_is_2(lines: Any) -> None:
    """By its name, and nothing else is looked at."""
    assert await examine({"STREAMSUM_TOTAL_S": CANARY}) == 2
    assert lines() == {"settings": ["FAIL STREAMSUM_TOTAL_S must be a number above 0"]}


async def test_redis_is_asked_too(lines: Any, redis: RedisServer, tmp_path: Path) -> None:
    """Whether it answers, and whether summaries could be taken over."""
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o600)
    async with environment(SPOKEN) as given:
        assert await examine(given | {"STREAMSUM_EVENT_LOG": redis.url}) == 0
        assert lines()["event log"][0].startswith("note Redis answers; without STREAMSUM_SECRET_FILE")
        there = {"STREAMSUM_EVENT_LOG": redis.url, "STREAMSUM_SECRET_FILE": str(secret)}
        assert await examine(given | there) == 0
        assert lines()["event log"] == ["ok Redis answers"]
        assert await examine(given | {"STREAMSUM_EVENT_LOG": "redis://127.0.0.1:1"}, store_s=0.5) == 1
        assert lines()["event log"][0].startswith("FAIL Redis does not answer")
