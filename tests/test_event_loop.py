"""Which event loop the command runs on."""

import asyncio
import sys

import pytest
import uvloop

from streamsum.event_loop import new_event_loop


def test_it_is_libuvs() -> None:
    """As pyproject.toml has it, but for Windows and PyPy."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert isinstance(runner.get_loop(), uvloop.Loop)


def test_where_there_is_none_it_is_asyncios(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slower, and else the same."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.get_loop().__class__.__module__.startswith("asyncio.")
