"""What `image_check` needs of whatever builds and runs images, and Docker's (or Podman's) way of doing it."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

# From nothing, on a busy machine: a base system, and every wheel.
BUILD_S = 1200
COMMAND_S = 60


class EngineError(Exception):
    """A command did not do what it should; the message is its last lines."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What the image says about itself, in the words of Docker's image format."""

    user: str
    command: list[str]  # entry point and all
    environment: list[str]
    directory: str
    stop_signal: str
    ports: list[str]
    labels: dict[str, str]
    health: list[str]  # the check's command

    @classmethod
    def of(cls, config: dict[str, Any]) -> "ImageConfig":
        """From the `config` object of a Docker image."""
        return cls(
            user=config.get("User") or "",
            command=[*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])],
            environment=config.get("Env") or [],
            directory=config.get("WorkingDir") or "/",
            stop_signal=config.get("StopSignal") or "",
            ports=sorted(config.get("ExposedPorts") or {}),
            labels=config.get("Labels") or {},
            health=(config.get("Healthcheck") or {}).get("Test", ["NONE"])[1:],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """A container like a restricted pod: the image's user, read-only root, no capabilities, no network but loopback."""

    tag: str
    environment: Mapping[str, str]
    mounts: Mapping[Path, str]  # read-only: here -> there


class Engine(Protocol):
    """One container at a time."""

    def build(self, project: Path, *, tag: str, arguments: Mapping[str, str]) -> None:
        """Raises EngineError."""

    def config(self, tag: str) -> ImageConfig:
        """Of a built image."""

    def size(self, tag: str) -> int:
        """Of a built image, in bytes, the base's layers included."""

    def start(self, what: Restricted, log: Path) -> "subprocess.Popen[bytes]":
        """Run the image's own command; the process ends when it does, with its status. `log`: all that it says."""

    def inside(self, *command: str) -> list[str]:
        """The command that runs `command` in the running container, as its user."""

    def terminate(self) -> None:
        """Send SIGTERM to the service."""

    def remove(self) -> None:
        """The container, if there is one; never raises."""


def run(command: Sequence[str], *, within: float = COMMAND_S, environment: Mapping[str, str] | None = None) -> str:
    """Standard output. Raises EngineError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=within, env=environment, check=False)
    except subprocess.TimeoutExpired:
        raise EngineError(f"{command[0]} took longer than {within:g} s") from None
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise EngineError(f"{' '.join(command[:4])} … failed:\n{last}")
    return done.stdout


class DockerEngine:
    """Docker, or Podman, which takes the same words."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._name = "streamsum-image-check"

    def build(self, project: Path, *, tag: str, arguments: Mapping[str, str]) -> None:
        """By the official base image."""
        given = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        # Podman's own image format has no HEALTHCHECK.
        form = ["--format", "docker"] if self._program == "podman" else []
        run([self._program, "build", *form, "-t", tag, *given, str(project)], within=BUILD_S)

    def config(self, tag: str) -> ImageConfig:
        """As `docker image inspect` has it."""
        return ImageConfig.of(json.loads(run([self._program, "image", "inspect", tag]))[0]["Config"])

    def size(self, tag: str) -> int:
        """As `docker image inspect` has it."""
        return int(json.loads(run([self._program, "image", "inspect", tag]))[0]["Size"])

    def start(self, what: Restricted, log: Path) -> "subprocess.Popen[bytes]":
        """In the foreground."""
        options = ["--name", self._name, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        options += ["--network", "none", "--tmpfs", "/tmp:rw,nosuid,nodev,size=64m"]
        options += [word for name, value in what.environment.items() for word in ("--env", f"{name}={value}")]
        options += [word for here, there in what.mounts.items() for word in ("--volume", f"{here}:{there}:ro")]
        with log.open("wb") as output:
            return subprocess.Popen([self._program, "run", *options, what.tag], stdout=output, stderr=output)

    def inside(self, *command: str) -> list[str]:
        """`docker exec`."""
        return [self._program, "exec", self._name, *command]

    def terminate(self) -> None:
        """`docker kill --signal`: `docker stop` would follow up with SIGKILL."""
        run([self._program, "kill", "--signal", "TERM", self._name])

    def remove(self) -> None:
        """By force."""
        subprocess.run(
            [self._program, "rm", "--force", self._name], capture_output=True, timeout=COMMAND_S, check=False
        )
