"""The README's servers, run as it says: but for their ports and addresses, their Redis and their model."""

import asyncio
import json
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from benchmarks.fake_upstream import FakeUpstream, answer
from tests.programs import LIMIT_S, Program, passed_on, run, started
from tests.readme import BULLETS, COMMANDS, DOCUMENT, ROOT, block, commands_in
from tests.redis_server import RedisServer, needs_redis
from tests.servers import client_of, environment_for, events_of

TEXT = (ROOT / "examples/lighthouse.txt").read_text(encoding="utf-8")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


def typed(command: str, *instead: tuple[str, str]) -> str:
    """With our interpreter for the one of `make`, and others `instead` of some words."""
    for words, others in instead:
        command = command.replace(words, others)
    return command.replace(".venv/bin/pip", f"{sys.executable} -m pip").replace(
        ".venv/bin/streamsum", f"exec {sys.executable} -m streamsum"
    )


@asynccontextmanager
async def serving(*commands: str, folder: Path, **environment: str) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """A client of what each command serves, on a free port; they go in good order."""
    async with AsyncExitStack() as stack:
        programs = []
        for command in commands:
            served = re.sub(r" --port [0-9]+|$", " --port 0", command, count=1)
            process = await stack.enter_async_context(
                started("bash", "-c", served, cwd=folder, env=passed_on(environment))
            )
            programs.append(Program(process))
        clients = [await stack.enter_async_context(client_of(await each.port())) for each in programs]
        async with asyncio.timeout(LIMIT_S):
            for client in clients:
                while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - no event of ours
                    await asyncio.sleep(0.05)
        yield clients
        for each in programs:
            each.signal(signal.SIGTERM)
        assert [(await each.ends())[0] for each in programs] == [0 for _ in commands]


async def shell(command: str, folder: Path, **environment: str) -> str:
    """What it prints; it goes well, and says nothing else."""
    status, output, errors = await run("bash", "-c", command, cwd=folder, env=passed_on(environment))
    assert (status, errors) == (0, "")
    return output


@needs("make")
async def test_a_model_of_ones_own_is_asked() -> None:
    """What is exported is what `make serve` serves."""
    *exports, verb = commands_in(block("console", "OPENAI_BASE_URL"))
    serve = (await shell(f"make --dry-run --no-print-directory {verb.removeprefix('make ')}", ROOT)).splitlines()[-1]
    async with FakeUpstream(answer(DOCUMENT)) as model:
        there = ("http://127.0.0.1:11434/v1", model.base_url), ("sk-…", "sk-none")
        script = "\n".join(typed(each, *there) for each in [*exports, serve])
        assert model.base_url in script
        async with serving(script, folder=ROOT) as [client]:
            events = events_of(await client.post("/v1/summaries", json={"text": TEXT}))
        assert model.calls[0].body["model"] == "llama3.2"
    assert [each["text"] for each in events if each["type"] == "bullet"] == BULLETS


@needs_redis
@needs("openssl")
async def test_any_replica_serves_any_summary(redis: RedisServer, tmp_path: Path) -> None:
    """Begun on one of the two, read on the other."""
    _, secret, *serve = commands_in(block("console", "redis://localhost"))
    await shell(secret, tmp_path)
    replicas = [typed(each, ("redis://localhost", redis.url)) for each in serve]
    async with FakeUpstream(answer(DOCUMENT)) as model:
        async with serving(*replicas, folder=tmp_path, **environment_for(model)) as [begins, reads]:
            begun = await begins.post("/v1/summaries", json={"text": TEXT})
            path = begun.headers["location"]
            assert events_of(await reads.get(f"{path}/events")) == events_of(begun)
        assert model.calls_made == 1


@needs("curl")
async def test_a_key_opens_what_is_served_with_it(tmp_path: Path) -> None:
    """Made, put into a file, and shown, in the three steps that stand there; without it there is no way in."""
    transcript = block("console", "streamsum key")
    make_key, serve, ask = commands_in(transcript)
    said = await shell(typed(make_key), tmp_path)
    assert anonymous(said).strip() == anonymous(transcript.partition("\n")[2].partition("\n$ ")[0]).strip()
    (tmp_path / "keys.toml").write_text(said[said.index("[[keys]]") :])
    [key] = re.findall(r"^ssk_\S+$", said, re.MULTILINE)
    serve = typed(serve, ("0.0.0.0", "127.0.0.1"))  # noqa: S104 - not in a test
    async with (
        FakeUpstream(answer(DOCUMENT)) as model,
        serving(serve, folder=tmp_path, **environment_for(model)) as [client],
    ):
        assert (await client.post("/v1/summaries", json={"text": TEXT})).status_code == 401
        (tmp_path / "body.json").write_text(json.dumps({"text": TEXT}))
        url = str(client.base_url).rstrip("/")
        ask = typed(ask, ("https://summaries.example", url), ("-d …", "-sS -d @body.json"))
        assert (await shell(ask, tmp_path, KEY=key)).count("event: bullet\n") == len(BULLETS)


def anonymous(said: str) -> str:
    return re.sub(r"(?<=ssk_)\S+|(?<=sha256 = \")[^\"]+", "…", said)


async def test_the_extra_that_is_to_be_installed_is_one() -> None:
    """pip takes the line; nothing is fetched or installed, as all that it wants is here."""
    [install] = [each for each in COMMANDS if "pip install" in each]
    said = await shell(f"{typed(install)} --dry-run --no-index --no-build-isolation -qq --report -", ROOT)
    assert [each["requested_extras"] for each in json.loads(said)["install"]] == [["redis"]]


async def test_what_is_to_be_applied_can_be_rendered() -> None:
    """By the same program; there is no cluster here to apply it to."""
    [apply] = [each for each in COMMANDS if each.startswith("kubectl")]
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    assert kubectl
    rendered = await shell(apply.replace("kubectl apply -k", f"{kubectl} kustomize"), ROOT)
    assert "kind: Deployment" in rendered
