"""The command line where standard streams are closed, or lead to a disk that is full: no traceback, and a status."""

import shlex
import sys
from pathlib import Path

import pytest

from benchmarks.fake_upstream import FakeUpstream, answer, bullets
from tests.programs import passed_on, run
from tests.servers import environment_for

pytestmark = pytest.mark.slow

STREAMSUM = f"{shlex.quote(sys.executable)} -m streamsum"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "text.txt").write_text("The lamp was lit.")
    return shlex.quote(str(tmp_path / "text.txt"))


async def summarize(how: str) -> tuple[int | None, str, str]:
    """`streamsum summarize …` by a shell, in front of a model that answers."""
    async with FakeUpstream(answer(bullets("A keeper."))) as model:
        return await run("sh", "-c", f"{STREAMSUM} summarize {how}", env=passed_on(environment_for(model)))


@FULL
@pytest.mark.parametrize("options", ["", "--json"])
async def test_a_full_disk_is_1_in_a_line(file: str, options: str) -> None:
    """With the system's reason."""
    said = "streamsum: cannot go on: No space left on device\n"
    assert await summarize(f"{options} {file} >/dev/full") == (1, "", said)


@FULL
async def test_a_key_that_nobody_has_seen_is_1() -> None:
    """It is written at the end only: a failure there counts, too."""
    status, output, errors = await run("sh", "-c", f"{STREAMSUM} key alice >/dev/full", env=passed_on())
    assert (status, output, errors.count("\n")) == (1, "", 1)


@FULL
async def test_messages_that_nobody_can_have_end_nothing(file: str) -> None:
    """The bullets are what counts."""
    assert await summarize(f"{file} {file}.none {file} 2>/dev/full") == (
        2,
        f"==> {file} <==\n• A keeper.\n\n==> {file}.none <==\n\n==> {file} <==\n• A keeper.\n",
        "",
    )


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ("{file} <&-", (0, "• A keeper.\n", "")),
        ("<&-", (2, "", "streamsum: the text is empty\n")),
        ("{file} >&-", (0, "", "")),
        ("{file} 2>&-", (0, "• A keeper.\n", "")),
        ("{file}.none 2>&-", (2, "", "")),
        ("{file} <&- >&- 2>&-", (0, "", "")),
    ],
)
async def test_what_is_closed_is_empty(file: str, closed: str, expected: tuple[int, str, str]) -> None:
    """As some service managers start programs: nothing to read, nobody who hears, and all else as ever."""
    assert await summarize(closed.format(file=file)) == expected
