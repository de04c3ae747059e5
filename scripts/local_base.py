"""A base for the image of this machine's own making, where the official one cannot be had: a minimal Debian, and the
Python that runs this script, in /usr/local as in the official image.
"""

import platform
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.engine import BUILD_S, run

NAME = f"localhost/streamsum-base:{platform.python_version()}"

# What this machine trusts: it may reach its package index by way of a proxy of its own.
CERTIFICATES = Path("/etc/ssl/certs")

# What Python's extension modules are linked against; the last one is part of the official image too.
_LIBRARIES = (
    *("ca-certificates", "libssl3", "libffi8", "libsqlite3-0", "libbz2-1.0", "liblzma5", "zlib1g"),
    *("libreadline8", "libncursesw6", "libuuid1", "libstdc++6"),
)
_UNWANTED = ("*/test", "__pycache__", "*.a", "./lib/python3.*/site-packages/*")
_PIP = '#!/bin/sh\nexec python3 -m pip "$@"\n'
_BUNDLE = CERTIFICATES / "ca-certificates.crt"
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "SSL_CERT_FILE": str(_BUNDLE),
    "PIP_CERT": str(_BUNDLE),
}


def make(buildah: Callable[..., str], work: Path) -> None:
    """An image called NAME; `work` keeps the Debian for the next time. Raises EngineError."""
    container = buildah("from", "scratch").strip()
    root = Path(buildah("mount", container).strip())
    run(["tar", "-C", str(root), "-xf", str(_debian(work))], within=BUILD_S)
    _copy_python(root / "usr/local")
    buildah("run", container, "--", "sh", "-ec", "ldconfig; python3 -m ensurepip >/dev/null 2>&1", within=BUILD_S)
    _name_programs(root / "usr/local/bin")
    buildah("umount", container)
    environment = [f"--env={name}={value}" for name, value in _ENVIRONMENT.items()]
    buildah("config", *environment, "--cmd=python3", container)
    buildah("commit", "--quiet", "--rm", container, NAME, within=BUILD_S)


def _debian(work: Path) -> Path:
    """Of the same release as this machine, so that its Python runs there."""
    files = work / "debian.tar"
    if not files.exists():
        partial = files.with_suffix(".partial")
        options = ["--quiet", "--variant=minbase", "--format=tar", f"--include={','.join(_LIBRARIES)}"]
        release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        run(["mmdebstrap", *options, release, str(partial)], within=BUILD_S)
        partial.rename(files)
    return files


def _copy_python(to: Path) -> None:
    """Without its tests, and what is installed beside it."""
    excluded = [f"--exclude={each}" for each in _UNWANTED]
    reading = ["tar", "-C", sys.base_prefix, *excluded, "-cf", "-", "."]
    with subprocess.Popen(reading, stdout=subprocess.PIPE) as source:
        subprocess.run(["tar", "-C", str(to), "-xf", "-"], stdin=source.stdout, timeout=BUILD_S, check=True)


def _name_programs(directory: Path) -> None:
    """As in the official image: `ensurepip` calls them by their version."""
    for name in ("pip", "pip3"):
        (directory / name).write_text(_PIP)
        (directory / name).chmod(0o755)
    with suppress(FileExistsError):
        (directory / "python").symlink_to("python3")
