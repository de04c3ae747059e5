"""Services in Python: in the environment that runs this, or in one of their own."""

from __future__ import annotations

import platform
import re
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.environments.making import ENVIRONMENTS, SERVICES, Address, make, run


@dataclass(frozen=True, slots=True)
class OwnPython:
    """This project's environment: the very versions that ours has."""

    arguments: Sequence[str]
    libraries: Sequence[str]
    takes_port: bool = False

    def prepare(self) -> None:
        """It runs this."""

    def command(self, address: Address) -> Sequence[str]:
        """This interpreter, with these arguments."""
        return [sys.executable, *self.arguments, *(["--port", str(address.port)] if self.takes_port else [])]

    def versions(self) -> Mapping[str, str]:
        """As installed."""
        return {"python": platform.python_version(), **{name: version(name) for name in self.libraries}}


@dataclass(frozen=True, slots=True)
class Python:
    """An environment of its own for `services/NAME/service.py`, from the requirements.txt beside it."""

    name: str
    libraries: Sequence[str]

    def prepare(self) -> None:
        """A virtual environment, and pip. Raises Missing."""
        make(self._folder, [self._requirements], lambda folder: install(folder, self._requirements))

    def command(self, address: Address) -> Sequence[str]:
        """Its interpreter, with the service."""
        return [str(self._folder / "bin" / "python"), str(SERVICES / self.name / "service.py")]

    def versions(self) -> Mapping[str, str]:
        """As pinned."""
        found = pinned(self._requirements)
        return {"python": platform.python_version(), **{name: found[name] for name in self.libraries}}

    @property
    def _folder(self) -> Path:
        return ENVIRONMENTS / self.name

    @property
    def _requirements(self) -> Path:
        return SERVICES / self.name / "requirements.txt"


def install(folder: Path, requirements: Path) -> None:
    """A virtual environment with exactly these packages. Raises Missing."""
    venv.create(folder, with_pip=True, symlinks=True)
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    run([str(folder / "bin" / "python"), "-m", "pip", "install", *options, "-r", str(requirements)], folder)


def pinned(requirements: Path) -> dict[str, str]:
    """The versions in a requirements file, by name."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", requirements.read_text(encoding="utf-8"), re.MULTILINE))
