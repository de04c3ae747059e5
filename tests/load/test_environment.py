"""What the figures stand on."""

import json
import platform
import re
from pathlib import Path

from benchmarks.load.environment import read_environment


def test_it_names_what_matters_and_no_machine() -> None:
    """Versions, cores, the commit; no host name, no user, no path."""
    facts = read_environment()
    assert facts["python"] == platform.python_version()
    assert all(facts[name] for name in ("aiohttp", "uvicorn", "pydantic", "streamsum", "cores", "memory_gib"))
    assert re.fullmatch(r"[0-9a-f]{40}", str(facts["commit"]))
    said = json.dumps(facts)
    for secret in (platform.node(), str(Path.home()), str(Path.cwd())):
        assert secret not in said or len(secret) < 4
