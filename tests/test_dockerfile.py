"""The Dockerfile, held against what is locked and what is served. `make image-check` builds and runs it."""

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.dockerfile import DOCKERFILE, instructions, words_of
from tests.scripted import ScriptedUpstream
from tests.servers import served

ROOT = DOCKERFILE.parent
EXTRAS = ("redis", "otel")


def pins(name: str) -> set[tuple[str, str]]:
    """Names and versions in a file of requirements."""
    text = (ROOT / "requirements" / name).read_text()
    return set(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_image_has_what_the_project_needs_and_its_extras() -> None:
    """And no more direct ones than `pyproject.toml` says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [each for extra in EXTRAS for each in project["optional-dependencies"][extra]]
    names = {re.split(r"[<>=~!\[]", each)[0] for each in wanted}
    assert names - {name for name, _ in pins("image.txt")} == set()


@pytest.mark.parametrize("name", ["image.txt", "build.txt"])
def test_what_is_shipped_is_what_is_tested(name: str) -> None:
    """Each version is the one that the suite runs on."""
    assert pins(name)
    assert pins(name) - pins("dev.txt") == set()


def test_everything_is_installed_by_hash() -> None:
    """Or from what lies there already."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    installs = re.findall(r"pip (?:--python \S+ )?(?:install|wheel) [^&;\n]*", text)
    assert len(installs) == 5
    for each in installs:
        assert "--require-hashes" in each or "--no-index" in each
        assert "--no-deps" in each


def test_nothing_goes_into_the_build_that_is_not_named() -> None:
    """No secrets that lie about, no history, no tests."""
    first, *others = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    assert all(line.startswith("!") or line == "**/__pycache__" for line in others)


def test_an_image_that_cannot_be_checked_is_said(tmp_path: Path) -> None:
    """By a status of its own, and why. Here there are no programs at all."""
    command = [sys.executable, "-m", "scripts.image_check", "--work", str(tmp_path)]
    environment = {"PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.startswith("image-check: not run: ")) == (3, True)


def test_the_last_stage_takes_over_a_finished_environment_only() -> None:
    """No sources, nothing from elsewhere, no secrets by variable."""
    assert instructions("COPY") == ["--from=build /opt/streamsum /opt/streamsum"]
    assert instructions("ADD") == []
    variables = " ".join(instructions("ENV") + instructions("ARG"))
    assert not re.search("KEY|SECRET|TOKEN|PASSWORD", variables)


async def test_the_health_check_tells_a_live_service_from_a_dead_one() -> None:
    """By its exit status, with nothing but Python."""
    async with served(ScriptedUpstream()) as at:
        assert await health_check(at.port) == 0
    assert await health_check(at.port) != 0


async def health_check(port: int) -> int:
    """The image's own command, at another port."""
    program, *words = words_of("HEALTHCHECK")
    assert program == "python"
    process = await asyncio.create_subprocess_exec(
        sys.executable, *(word.replace("8080", str(port)) for word in words), stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


def test_it_stops_as_the_service_expects_it() -> None:
    """By SIGTERM, which drains; the service itself is process 1, with nothing between."""
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert words_of("ENTRYPOINT") == ["streamsum"]
    assert Path(words_of("CMD")[0]).name == "serve"
