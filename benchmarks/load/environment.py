"""What the figures stand on: machine, versions, commit. No host name, no path, no key."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("streamsum", "aiohttp", "httpx2", "jiter", "openai", "pydantic", "starlette", "uvicorn")

Facts = dict[str, str | int | float | bool | None]


def read_environment() -> Facts:
    """Of this process and its machine; what cannot be known is `None`."""
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        **{name: _version(name) for name in _PACKAGES},
        "commit": _git("rev-parse", "HEAD"),
        "changed": None if (status := _git("status", "--porcelain")) is None else bool(status),
    }


def _processor() -> str | None:
    """Its name, where Linux tells."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor() or None
    lines = information.read_text(errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """What git says of our own checkout; `None` where there is none, or no git."""
    try:
        done = subprocess.run(
            ("git", *arguments),  # noqa: S607 - wherever the caller's git is
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
