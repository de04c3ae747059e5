"""Where a peer runs: this project's environment, one of its own, Node's, or a program of the system.

Made on demand from files that pin every package by hash, in `.envs/` beside this file, and kept until those files change.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
SERVICES = FOLDER / "services"


class Missing(Exception):
    """What a peer needs is not to be had here; says what and why. The peer is left out, and named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service shall listen, and what it shall ask."""

    port: int
    upstream_port: int

    @property
    def variables(self) -> Mapping[str, str]:
        """As environment variables, in the names that OpenAI's clients read."""
        return {
            "PORT": str(self.port),
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.upstream_port}/v1",
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


@dataclass(frozen=True, slots=True)
class OwnPython:
    """This project's environment: the very versions that ours has."""

    arguments: Sequence[str]
    libraries: Sequence[str]
    port_option: bool = False

    def prepare(self) -> None:
        """It runs this."""

    def command(self, address: Address) -> Sequence[str]:
        """This interpreter, with these arguments."""
        return [sys.executable, *self.arguments, *(["--port", str(address.port)] if self.port_option else [])]

    def versions(self) -> Mapping[str, str]:
        """As installed."""
        return {"python": sys.version.split()[0], **{name: version(name) for name in self.libraries}}
