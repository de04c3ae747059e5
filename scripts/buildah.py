"""Build and run an image with no engine: Debian's buildah and runc, as root, on a base of this machine's own making.

So what is proved is the Dockerfile and the service, not the official Python image.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts import local_base
from scripts.engine import BUILD_S, COMMAND_S, ImageConfig, Restricted, run

TOOLS = ("buildah", "runc", "mmdebstrap")

_NAME = "streamsum-image-check"


class BuildahEngine:
    """Everything that it makes lies in `work`, for the next time."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._bundle = work / "bundle"
        self._bundle.mkdir(parents=True, exist_ok=True)
        self._runc = ["runc", "--root", str(work / "runc")]
        self._container = ""

    def build(self, project: Path, *, tag: str, arguments: Mapping[str, str]) -> None:
        """On a base of our own."""
        self._buildah("rm", "--all")  # what a build left that was broken off
        if local_base.NAME not in self._buildah("images", "--format={{.Name}}:{{.Tag}}").split():
            print(f"making {local_base.NAME}, once; it takes some minutes", flush=True)
            local_base.make(self._buildah, self._work)
        words = [
            f"--build-arg={name}={value}" for name, value in {**arguments, "PYTHON_IMAGE": local_base.NAME}.items()
        ]
        if local_base.CERTIFICATES.is_dir():
            words.append(f"--volume={local_base.CERTIFICATES}:{local_base.CERTIFICATES}:ro")
        self._buildah(
            "bud", "--format=docker", "--pull-never", "--layers", *words, f"--tag={tag}", str(project), within=BUILD_S
        )

    def config(self, tag: str) -> ImageConfig:
        """Of Docker's format: the other one has no HEALTHCHECK."""
        return ImageConfig.of(self._inspect(tag)["Docker"]["config"])

    def size(self, tag: str) -> int:
        """As buildah counts it."""
        manifest = json.loads(self._inspect(tag)["Manifest"])
        return sum(layer["size"] for layer in manifest["layers"])

    def start(self, what: Restricted, log: Path) -> "subprocess.Popen[bytes]":
        """By runc, on the image's files as they are mounted."""
        self._container = self._buildah("from", "--pull-never", what.tag).strip()
        root = self._buildah("mount", self._container).strip()
        spec = self._bundle / "config.json"
        spec.unlink(missing_ok=True)
        run([*self._runc, "spec", "--bundle", str(self._bundle)])
        wanted = _restricted(json.loads(spec.read_text()), what, self.config(what.tag), root)
        spec.write_text(json.dumps(wanted))
        with log.open("wb") as output:
            return subprocess.Popen(
                [*self._runc, "run", "--bundle", str(self._bundle), _NAME],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def inside(self, *command: str) -> list[str]:
        """`runc exec`."""
        return [*self._runc, "exec", _NAME, *command]

    def terminate(self) -> None:
        """`runc kill`."""
        run([*self._runc, "kill", _NAME, "TERM"])

    def remove(self) -> None:
        """What runs, what is mounted, what was copied."""
        subprocess.run([*self._runc, "delete", "--force", _NAME], capture_output=True, timeout=COMMAND_S, check=False)
        if self._container:
            self._buildah("umount", self._container)
            self._buildah("rm", self._container)
            self._container = ""

    def _buildah(self, command: str, *words: str, within: float = COMMAND_S) -> str:
        where = [f"--root={self._work / 'storage'}", f"--runroot={self._work / 'run'}"]
        isolation = ["--isolation=chroot"] if command in ("bud", "run") else []
        return run(["buildah", *where, command, *isolation, *words], within=within)

    def _inspect(self, tag: str) -> Any:
        return json.loads(self._buildah("inspect", "--type=image", tag))


def _restricted(spec: Any, what: Restricted, image: ImageConfig, root: str) -> Any:
    """`runc spec`, changed to what a restricted pod is. Its network has a loopback of its own, and no more."""
    uid, _, gid = image.user.partition(":")
    spec["root"] = {"path": root, "readonly": True}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": int(uid), "gid": int(gid or uid)},
        "args": image.command,
        "env": image.environment + [f"{name}={value}" for name, value in what.environment.items()],
        "cwd": image.directory,
        "noNewPrivileges": True,
        "capabilities": {each: [] for each in ("bounding", "effective", "permitted", "ambient", "inheritable")},
    }
    spec["linux"]["namespaces"] = [each for each in spec["linux"]["namespaces"] if each["type"] != "cgroup"]
    spec["linux"].pop("resources", None)  # where there are no control groups to be had
    spec["process"].pop("rlimits", None)  # 1,024 open files, which no engine and no cluster gives
    spec["mounts"] = [each for each in spec["mounts"] if each["type"] != "cgroup"]
    spec["mounts"] += [
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "size=64m"]},
        *(
            {"destination": there, "type": "bind", "source": str(here), "options": ["bind", "ro"]}
            for here, there in what.mounts.items()
        ),
    ]
    return spec
