"""The examples do what they say."""

import asyncio
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.fake_upstream import FakeUpstream, Status, answer, bullets
from streamsum.upstream.base import Capabilities
from tests.programs import LIMIT_S, passed_on, run
from tests.scripted import ScriptedUpstream
from tests.servers import client_of, events_of, served, serving

EXAMPLES = Path(__file__).parent.parent / "examples"
BULLETS = ["The Eddystone Rocks lie fourteen miles south-west of Plymouth.", "A storm swept it away in 1703."]
DOCUMENT = bullets(*BULLETS)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_curl() -> None:
    """Bullets, the rest after a cut, the whole, a query, and that it is forgotten."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), limit_s=60) as service:
        status, output, errors = await run(
            str(EXAMPLES / "curl.sh"), f"http://127.0.0.1:{service.port}", env=passed_on({"KEY": "ssk_none"})
        )
        assert status == 0, errors
        id = output[output.index('{"id":"') + 7 :][:22]
        assert (await service.client.get(f"/v1/summaries/{id}")).status_code == 404
    assert errors.count("event: bullet\n") == 2
    assert '"status":"completed"' in output
    assert output.count("event: summary.completed\n") == 1


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_curl_takes_a_long_text(tmp_path: Path) -> None:
    """More than an argument of a program may have, and than a query may."""
    file = tmp_path / "long.txt"
    file.write_text("The lamp was lit in 1698. " * 6000)
    upstream = ScriptedUpstream(script=[DOCUMENT], can=Capabilities(context_tokens=1_000_000))
    async with served(upstream, limit_s=60) as service:
        status, output, errors = await run(
            str(EXAMPLES / "curl.sh"), f"http://127.0.0.1:{service.port}", str(file), env=passed_on()
        )
        assert status == 0, errors
        id = output[output.index('{"id":"') + 7 :][:22]
        assert (await service.client.get(f"/v1/summaries/{id}")).status_code == 404
    assert "too long for a query" in output


@pytest.mark.parametrize("key", ["", "ssk_none"])
async def test_python(key: str) -> None:
    """Bullets, and the words that they come from."""
    async with served(ScriptedUpstream(script=[DOCUMENT]), limit_s=60) as service:
        environment = {"STREAMSUM_URL": f"http://127.0.0.1:{service.port}"} | ({"STREAMSUM_KEY": key} if key else {})
        status, output, errors = await run(
            sys.executable, str(EXAMPLES / "python_client.py"), env=passed_on(environment)
        )
    assert (status, errors) == (0, "")
    assert output.startswith(f"• {BULLETS[0]}\n    from: ")
    assert "(complete, " in output


async def test_python_says_what_went_wrong() -> None:
    """Nobody there; and a model that fails after it has begun."""
    async with FakeUpstream((Status(401),)) as model:
        url = model.base_url
    status, _, errors = await run(
        sys.executable, str(EXAMPLES / "python_client.py"), env=passed_on({"STREAMSUM_URL": url})
    )
    assert (status, errors) == (1, "no connection could be made\n")


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where FastAPI looks for the names in its annotations
    spec.loader.exec_module(module)
    return module


async def test_mounted_in_fastapi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its streams, beside a route of one's own; `Location` leads to where it is."""
    async with FakeUpstream(answer(DOCUMENT)) as model:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
        monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
        example = loaded("mounted_in_fastapi")
        async with (
            asyncio.timeout(LIMIT_S),
            example.own_lifespan(example.app),
            serving(example.app) as port,
            client_of(port) as client,
        ):
            stream = await client.post("/summaries/v1/summaries", json={"text": "A storm swept it away in 1703."})
            assert [event["text"] for event in events_of(stream) if event["type"] == "bullet"] == BULLETS
            shown = await client.get(stream.headers["location"])
            assert shown.json()["status"] == "completed"
            assert (await client.get("/headlines", params={"text": "A storm."})).json() == BULLETS
            assert (await client.get("/summaries/docs")).status_code == 200
