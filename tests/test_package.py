"""The package's roof: its names, each imported when it is asked for."""

import subprocess
import sys

import pytest

import streamsum


@pytest.mark.parametrize("name", streamsum.__all__)
def test_every_name_is_there(name: str) -> None:
    """With words of its own."""
    assert getattr(streamsum, name).__doc__


def test_no_other_name_is_there() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="module 'streamsum' has no attribute 'nonsense'"):
        streamsum.nonsense  # noqa: B018 - the access is the test


def test_the_command_line_loads_nothing_heavy() -> None:
    """`--help` comes at once."""
    heavy = {"openai", "starlette", "uvicorn", "pydantic", "aiohttp"}
    program = f"import sys, streamsum.cli; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == ""
