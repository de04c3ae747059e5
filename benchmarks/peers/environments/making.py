"""Environments are made on demand, from files that pin every package by hash, and kept until those files change."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_PEERS = Path(__file__).parent.parent
ROOT = _PEERS.parent.parent
SERVICES = _PEERS / "services"
ENVIRONMENTS = _PEERS / ".envs"
_STAMP = ".made-from"
# The largest takes a minute on a busy machine; a slow line has time, too.
INSTALL_S = 900.0


class Missing(Exception):
    """What a peer needs is not to be had here; says what, and why. The peer is left out, and named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service shall listen, and where the model does: ports on 127.0.0.1."""

    port: int
    model_port: int

    @property
    def variables(self) -> Mapping[str, str]:
        """As environment variables, in the names that OpenAI's clients read."""
        return {
            "PORT": str(self.port),
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.model_port}/v1",
            "OPENAI_API_KEY": "sk-none",
        }


class Environment(Protocol):
    """How to run one peer."""

    def prepare(self) -> None:
        """Make it, if it is not there. Raises Missing."""

    def command(self, address: Address) -> Sequence[str]:
        """What to run, in this project's root."""

    def versions(self) -> Mapping[str, str]:
        """What is in it that matters, by name."""


def make(folder: Path, sources: Sequence[Path], install: Callable[[Path], None]) -> None:
    """Have `install` fill the folder, unless it was made from these very files. Raises Missing."""
    stamp = folder / _STAMP
    wanted = _digest(sources)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"making the environment of {folder.name} (once) ...", flush=True)
    install(folder)
    stamp.write_text(wanted)


def _digest(sources: Sequence[Path]) -> str:
    """Of the files and of this interpreter: an environment holds a link to it."""
    digest = hashlib.sha256(platform.python_version().encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def run(command: Sequence[str], folder: Path) -> None:
    """One step of an installation, with nothing on the screen unless it fails. Raises Missing."""
    with tempfile.TemporaryFile() as output:
        try:
            subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=True, timeout=INSTALL_S)
        except (OSError, subprocess.SubprocessError) as error:
            output.seek(0)
            said = output.read()[-1000:].decode(errors="replace").strip()
            raise Missing(f"{Path(command[0]).name} failed: {said or type(error).__name__}") from error
