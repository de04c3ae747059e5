"""The limit of open files, tried in processes of their own."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from streamsum.open_files import allow_streams

PROGRAM = """
import logging, resource, sys
from streamsum.open_files import allow_streams
logging.basicConfig(format="%(message)s", stream=sys.stdout)
soft, hard, streams = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
allow_streams(streams)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "streams", "says"),
    [
        (256, 1000, 100, ["328"]),
        (500, 1000, 100, ["500"]),
        (256, 300, 100, ["too few open files are allowed: see ulimit -n limit=300 streams=100 needed=328", "300"]),
        (256, 256, 100, ["too few open files are allowed: see ulimit -n limit=256 streams=100 needed=328", "256"]),
    ],
)
def test_it_is_raised_as_far_as_it_can(soft: int, hard: int, streams: int, says: list[str]) -> None:
    """And never lowered; what is missing is told."""
    arguments = [sys.executable, "-c", PROGRAM, *map(str, (soft, hard, streams))]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.splitlines() == says


@pytest.fixture
def soft_limit() -> Iterator[int]:
    """256 for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_in_this_process_too(soft_limit: int) -> None:
    """Twice changes nothing."""
    for _ in range(2):
        allow_streams(100)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 328


def test_more_than_there_can_be_is_told(soft_limit: int, caplog: pytest.LogCaptureFixture) -> None:
    """And the service starts all the same."""
    allow_streams(1 << 62)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= soft_limit
    assert "too few open files are allowed" in caplog.text
