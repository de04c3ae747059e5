"""Summaries that arrive one validated bullet at a time, while the model is still writing."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamsum.core.document import Limits
    from streamsum.core.elements import ElementDecoder
    from streamsum.inprocess import summarize, summarize_sync
    from streamsum.settings import Settings
    from streamsum.web.app import create_app, lifespan

__version__ = "0.1.0"

__all__ = ["ElementDecoder", "Limits", "Settings", "create_app", "lifespan", "summarize", "summarize_sync"]

# Imported when asked for: `streamsum --help` needs no web server, and a decoder no model.
_HOMES = {
    "ElementDecoder": "core.elements",
    "Limits": "core.document",
    "Settings": "settings",
    "create_app": "web.app",
    "lifespan": "web.app",
    "summarize": "inprocess",
    "summarize_sync": "inprocess",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
