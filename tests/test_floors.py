"""Imports point down only: the floors of the house, kept by a look at every import statement."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "streamsum"
MODULES = sorted(PACKAGE.rglob("*.py"))
STANDARD_IN_CORE = {
    "array",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "importlib.resources",  # the thesaurus, a part of the program
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "secrets",
    "typing",
    "unicodedata",
    "zlib",
}
SETTINGS = {
    f"streamsum.{name}"
    for name in ("addresses", "errors", "keys_file", "secret_file", "settings", "toml_tables", "upstreams_file")
}
LIBRARIES_IN_CORE = {"jiter", "pydantic", "pydantic_core", "rapidfuzz"}


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which floor they reach"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(module: Path) -> str:
    return ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts)


def allowed(module: str, imported: str) -> bool:
    top = imported.split(".")[0]
    if module.startswith("streamsum.core."):
        ours = imported.startswith(("streamsum.core", "streamsum.errors"))
        return ours or top in LIBRARIES_IN_CORE | STANDARD_IN_CORE or imported.rpartition(".")[0] in STANDARD_IN_CORE
    if top in {"openai", "aiohttp"} and not module.startswith("streamsum.upstream."):
        return False
    if top == "redis" and not module.startswith("streamsum.runs.redis_log."):
        return False
    if top == "limits" and not module.startswith("streamsum.runs.limits."):
        return False
    if top in {"structlog", "prometheus_client", "opentelemetry"} and not module.startswith("streamsum.telemetry."):
        return False
    if top in {"starlette", "uvicorn"} and not module.startswith(("streamsum.web.", "streamsum.serve")):
        return False
    if module.startswith("streamsum.upstream."):
        return not imported.startswith(("streamsum.web", "streamsum.runs", "streamsum.core.events"))
    if module.startswith("streamsum.runs."):
        return not imported.startswith("streamsum.web")
    if module.startswith("streamsum.telemetry."):
        return not imported.startswith(("streamsum.web", "streamsum.runs", "streamsum.upstream"))
    if module in SETTINGS:
        return not imported.startswith("streamsum.") or imported.rpartition(".")[0] in SETTINGS
    return True


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_imports_point_down(module: Path) -> None:
    """core/ knows only itself and its few libraries; runs/ and upstream/ no clients; only upstream/ its SDK."""
    assert [each for each in imports(module) if not allowed(name(module), each)] == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.parent.name == "core"], ids=name)
def test_the_core_waits_for_nothing(module: Path) -> None:
    """No await, no clock, no logging."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    assert not [node for node in nodes if isinstance(node, ast.Await | ast.AsyncFunctionDef)]
