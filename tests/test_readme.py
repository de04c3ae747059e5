"""The README: what it shows is what happens, where it points there is something, its table is the code's."""

import ast
import asyncio
import json
import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_upstream import FakeUpstream, answer
from benchmarks.load.options import Options
from scripts import settings_table
from streamsum.core.passes import Cause, End, Usage
from tests.programs import LIMIT_S, passed_on, run
from tests.readme import BULLETS, COMMANDS, DOCUMENT, README, ROOT, block
from tests.scripted import ScriptedUpstream
from tests.servers import Served, environment_for, served

STATIC = ROOT / "streamsum/web/static"
SERVER = "127.0.0.1:8080"


@asynccontextmanager
async def as_it_was() -> AsyncIterator[Served]:
    """A service with a model that says what the built-in one said."""
    ended = End(Cause.STOP, finish_reason="stop", usage=Usage(516, 111))
    upstream = ScriptedUpstream(script=[DOCUMENT], ended=ended, model="smollm2-135m-instruct")
    async with served(upstream, limit_s=60) as service:
        yield service


async def here(*command: str, **environment: str) -> tuple[int | None, str, str]:
    """In the folder that the README is in."""
    return await run(*command, limit_s=2 * LIMIT_S, cwd=ROOT, env=passed_on(environment))


def test_the_table_of_settings_is_the_code() -> None:
    """`make readme` writes it."""
    assert settings_table.put_into(README) == README
    with pytest.raises(ValueError, match="no place"):
        settings_table.put_into("# streamsum")


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    """To a file, and to a heading in it."""
    file = ROOT / page
    for link in re.findall(r"(?<!`)\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        if "://" in path:
            continue
        target = file if not path else (file.parent / path).resolve()
        assert target.exists(), link
        if heading:
            assert heading in headings(target), link


def headings(file: Path) -> set[str]:
    """As they are addressed."""
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
async def test_curl_shows_what_it_says() -> None:
    """To the last byte, but for the id, the time of day, and how long it took."""
    transcript = block("console", "curl -N --get")
    command, _, said = transcript.removeprefix("$ ").partition("\n")
    async with as_it_was() as service:
        typed = command.replace(SERVER, f"127.0.0.1:{service.port}").replace("curl", "curl -sS")
        status, output, errors = await here("bash", "-c", typed)
    assert (status, errors) == (0, "")
    assert anonymous(output).rstrip() == anonymous(said).rstrip()


def anonymous(stream: str) -> str:
    for found, shown in {
        r"[A-Za-z0-9_-]{22}(?=:\d)|(?<=\"id\":\")[A-Za-z0-9_-]{22}": "ID",
        r"(?<=\"created_at\":\")[^\"]+": "THEN",
        r"(?<=\"timing\":)\{[^}]*\}": "{…}",
    }.items():
        stream = re.sub(found, shown, stream)
    return stream


async def test_python_shows_what_it_says() -> None:
    """As it stands there, but for the port."""
    async with as_it_was() as service:
        program = block("python", "Client()").replace("Client()", f'Client("http://127.0.0.1:{service.port}")')
        status, output, errors = await here(sys.executable, "-c", program)
    assert (status, errors) == (0, "")
    assert output.splitlines() == [f"• {each}" for each in BULLETS]


async def test_python_without_a_server_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways."""
    program = compile(
        block("python", "summarize_sync(text)"), "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    async with FakeUpstream(answer(DOCUMENT)) as model, asyncio.timeout(LIMIT_S):
        for name, value in environment_for(model).items():
            monkeypatch.setenv(name, value)
        names: dict[str, Any] = {"text": (ROOT / "examples/lighthouse.txt").read_text(encoding="utf-8")}
        # The second half holds up the loop on which the fake model is: it runs elsewhere.
        await asyncio.to_thread(lambda: asyncio.run(eval(program, names)))  # noqa: S307 - the README's own words
    assert capsys.readouterr().out.splitlines() == BULLETS


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node 20 or newer")
async def test_javascript_shows_what_it_says(tmp_path: Path) -> None:
    """As it stands there, but for where the file is, and the port."""
    text = (ROOT / "examples/lighthouse.txt").read_text(encoding="utf-8")
    async with as_it_was() as service:
        program = block("js", "static/streamsum.js").replace("/static/streamsum.js", (STATIC / "streamsum.js").as_uri())
        program = program.replace("3 }", f'3, baseUrl: "http://127.0.0.1:{service.port}" }}')
        script = tmp_path / "readme.mjs"
        script.write_text(f"const text = {json.dumps(text)};\n{program}", encoding="utf-8")
        status, output, errors = await here("node", str(script))
    assert (status, errors) == (0, "")
    assert output.splitlines() == [f"• {each}" for each in BULLETS]


# All but docker's and kubectl's are run by tests/test_readme_servers.py.
ELSEWHERE = {"curl", "docker", "export", "kubectl", "openssl", ".venv/bin/pip", ".venv/bin/streamsum"}
OURS = [each for each in COMMANDS if re.search(r"\.venv/bin/streamsum (summarize|doctor)", each)]


@pytest.mark.parametrize("command", OURS)
async def test_the_commands_of_ours_run(command: str) -> None:
    """With exit status 0, in front of a model that answers."""
    async with FakeUpstream(answer(DOCUMENT)) as model, as_it_was() as service:
        typed = command.replace(".venv/bin/streamsum", f"{sys.executable} -m streamsum")
        typed = typed.replace(SERVER, f"127.0.0.1:{service.port}")
        status, output, errors = await here("bash", "-c", typed, **environment_for(model))
    assert status == 0, errors
    assert BULLETS[0] in output or command.endswith("doctor")


def test_all_other_commands_are_there() -> None:
    """Verbs of make, files that are named, options of the load test."""
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in COMMANDS:
        words = list(dropwhile(lambda word: "=" in word, shlex.split(command)))  # without the environment before it
        if not words or command in OURS:
            continue
        if words[0] == "make":
            assert words[1] in verbs, command
        elif words[:3] == [".venv/bin/python", "-m", "benchmarks.load"]:
            Options.read(words[3:], {})
        else:
            assert words[0] in ELSEWHERE, command  # after `make`, ours and pip are in .venv/bin only
        for path in re.findall(r"(?:examples|manifests)/[\w./-]+", command):
            assert (ROOT / path).exists(), path
    assert len(OURS) >= 3
