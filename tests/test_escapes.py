"""What nobody caught, in a process of its own: it is told without its words."""

import json
import subprocess
import sys

import pytest

CANARY = "xyzzy-canary"

PROGRAM = """
import sys, threading
from streamsum.errors import SettingsError
from streamsum.telemetry.escapes import contained
from streamsum.telemetry.logs import set_up

set_up("INFO", "json")

class Broken:
    def __del__(self):
        raise KeyError("xyzzy-canary")

def escape():
    raise ValueError("xyzzy-canary")

with contained():
    {escape}
"""


def run(escape: str) -> tuple[int, list[str]]:
    arguments = [sys.executable, "-c", PROGRAM.format(escape=escape)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
    assert CANARY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line)["error"] for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("escape", "status", "error"),
    [
        ("escape()", 1, "ValueError at "),
        ("thread = threading.Thread(target=escape); thread.start(); thread.join()", 0, "ValueError at "),
        ("Broken()", 0, "KeyError at "),
    ],
)
def test_it_is_told_by_type_and_place(escape: str, status: int, error: str) -> None:
    """From the program itself, from a thread, and from a destructor."""
    code, errors = run(escape)
    assert code == status
    assert len(errors) == 1
    assert errors[0].startswith(error)


def test_an_error_of_ours_is_for_the_caller() -> None:
    """He knows whom to tell, and how."""
    program = PROGRAM.format(escape="raise SettingsError('set this')").replace(
        "with contained", "try:\n  with contained"
    )
    program += "except SettingsError as error:\n  print(error)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert (done.stdout, done.stderr) == ("set this\n", "")
