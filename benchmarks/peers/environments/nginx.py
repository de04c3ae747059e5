"""nginx, from the system's packages: it is left out where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.environments.making import ENVIRONMENTS, SERVICES, Address, Missing

_FOLDER = ENVIRONMENTS / "nginx"
_TEMPLATE = SERVICES / "nginx" / "nginx.conf.template"
# Debian's stands where only root's path leads.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True, slots=True)
class Nginx:
    """One worker, on a configuration that is drawn up for each start. `path`: where to look for it."""

    path: str = _PATH

    def prepare(self) -> None:
        """Look for it. Raises Missing."""
        self._program()
        _FOLDER.mkdir(parents=True, exist_ok=True)

    def command(self, address: Address) -> Sequence[str]:
        """In the foreground."""
        values = {"FOLDER": _FOLDER, "PORT": address.port, "MODEL_PORT": address.model_port}
        text = _TEMPLATE.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        configuration = _FOLDER / "nginx.conf"
        configuration.write_text(text, encoding="utf-8")
        return [self._program(), "-p", str(_FOLDER), "-e", "stderr", "-c", str(configuration)]

    def versions(self) -> Mapping[str, str]:
        """As it says itself."""
        said = subprocess.run([self._program(), "-v"], capture_output=True, text=True, check=True, timeout=10).stderr
        return {"nginx": said.strip().rpartition("/")[2]}

    def _program(self) -> str:
        if (found := shutil.which("nginx", path=self.path)) is None:
            raise Missing("there is no nginx here; on Debian: apt-get install nginx-light")
        return found
