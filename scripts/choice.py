"""Which engine there is to build and run an image with."""

import os
import shutil
import sys
from pathlib import Path

from scripts.buildah import TOOLS, BuildahEngine
from scripts.engine import DockerEngine, Engine, EngineError, run

# A base image, over a slow line.
PULL_S = 300


def choose(wanted: str, work: Path, *, base: str) -> Engine | str:
    """The engine that is called `wanted`, or with `auto` the first that will do; or why there is none.

    `base` is the official base image: Docker or Podman that cannot get at it will not do.
    """
    reasons = []
    for name in ("docker", "podman", "buildah") if wanted == "auto" else (wanted,):
        reason = _without_engine() if name == "buildah" else _engine_lacks(name, base)
        if reason is None:
            return BuildahEngine(work) if name == "buildah" else DockerEngine(name)
        reasons.append(reason)
    return "; ".join(reasons)


def _engine_lacks(program: str, base: str) -> str | None:
    """What keeps Docker or Podman from it."""
    if not shutil.which(program):
        return f"there is no {program}"
    if not _succeeds(program, "info"):
        return f"{program} does not answer"
    if not (_succeeds(program, "image", "inspect", base) or _succeeds(program, "pull", "--quiet", base)):
        return f"{program} cannot get {base}"
    return None


def _succeeds(*command: str) -> bool:
    try:
        run(command, within=PULL_S)
    except EngineError:
        return False
    return True


def _without_engine() -> str | None:
    """What keeps us from doing it by ourselves."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"there is no {', '.join(missing)}"
    if os.getuid() != 0:
        return "buildah and runc are used as root here"
    if Path(sys.base_prefix) == Path("/usr"):
        return "the distribution's own Python cannot be copied into a base image"
    return None
