"""Paths, as those see them who decide before a route does."""

import re

from starlette.types import Scope

from streamsum.web.cursors import SUMMARY_ID

EVENTS = re.compile(rf"/v1/summaries/{SUMMARY_ID}/events")

# They need no key; everything else does.
OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})
OPEN_FOLDER = "/static/"


def route_path(scope: Scope) -> str:
    """The path as the router sees it, from wherever the app is mounted. Never from the Host header (CVE-2026-48710)."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) :][:1] in {"", "/"}:
        return path[len(root) :]
    return path
