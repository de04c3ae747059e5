"""What an open stream costs, measured at `streamsum serve` in a process of its own, the fake model in another.

Resident memory, as the kernel counts it: everything is in it, the allocator's losses too; but not what is a file's, as
the program's code is: that comes and goes as the kernel sees fit.
"""

import asyncio
import resource
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.fake_upstream import bullets
from tests.programs import Program, streamsum
from tests.servers import post
from tests.test_slow_clients import deaf_client

ROOT = Path(__file__).parent.parent
LIMIT_S = 120


def _own_status() -> str:
    status = Path("/proc/self/status")
    return status.read_text(encoding="ascii", errors="replace") if status.exists() else ""


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("RssAnon" not in _own_status(), reason="there is no /proc to read memory from"),
]

STREAMS = 1000
# The first ones pay for what all share: code that is imported late, pools, the allocator's arenas.
WARM = 50
# One emoji, so that as a str it would take four bytes a character.
SOURCE = "\U0001f600 " + "Ten bytes. " * 900
A_STREAM = 'role\ncontent {"bullets": ["The first one.", "sec\nstall\n'

# A few at a time: what the allocator keeps of many that are served at once is not what one takes that waits.
DEAF, FEW = 100, 10

LARGE = 20
LARGE_BYTES = 1_000_000
# Itself as UTF-8, its index, what is sent to the model, and what the allocator keeps of all that came and went.
A_SOURCE_TAKES = 8


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """For the clients' ends; the children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * STREAMS
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"open files are limited to {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def fake_model(script: str, tmp_path: Path) -> AsyncIterator[str]:
    """Its base URL."""
    file = tmp_path / "script.txt"
    file.write_text(script, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.fake_upstream", "--script", str(file), "--token-chars", "4000"),
        stdout=PIPE,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def a_service(script: str, tmp_path: Path) -> AsyncIterator[tuple[Program, int]]:
    """A running one, not slowed down by being counted, and its port."""
    async with asyncio.timeout(LIMIT_S), fake_model(script, tmp_path) as url:
        environment = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": url, "STREAMSUM_STALL_S": "300"}
        environment |= {"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}
        async with streamsum("serve", "--port", "0", environment=environment) as program:
            yield program, await program.port()


def resident_kib(program: Program) -> int:
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))


async def follow(port: int, number: int, source: str = SOURCE) -> asyncio.StreamWriter:
    """A client that has had its first bullet, and stays."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post({"text": f"{source}{number}"}))
    await reader.readuntil(b"The first one.")
    return writer


@pytest.mark.usefixtures("many_open_files")
async def test_a_thousand_open_streams_take_at_most_96_kib_each(tmp_path: Path) -> None:
    """With sources of 10 KB, while the models write on."""
    assert len(SOURCE.encode()) in range(9_900, 10_000)
    async with a_service(A_STREAM, tmp_path) as (program, port):
        clients = [await follow(port, number) for number in range(WARM)]
        before = resident_kib(program)
        for begin in range(WARM, STREAMS, WARM):
            clients += await asyncio.gather(*(follow(port, number) for number in range(begin, begin + WARM)))
        each = (resident_kib(program) - before) / (STREAMS - WARM)
        print(f"a stream takes {each:.1f} KiB")
        assert each <= 96
        for writer in clients:
            writer.close()


async def test_large_sources_take_at_most_eight_times_their_size(tmp_path: Path) -> None:
    """With evidence, as by default, and all at once: each is indexed, and sent to a model that writes on."""
    text = (ROOT / "examples/lighthouse.txt").read_text(encoding="utf-8")
    source = (text * (LARGE_BYTES // len(text) + 1))[:LARGE_BYTES]
    async with a_service(A_STREAM, tmp_path) as (program, port):
        clients = [await follow(port, 0, source)]
        before = resident_kib(program)
        clients += await asyncio.gather(*(follow(port, number, source) for number in range(1, LARGE + 1)))
        takes = (resident_kib(program) - before) * 1024 / LARGE / LARGE_BYTES
        print(f"a large source takes {takes:.1f} times its size")
        assert takes <= A_SOURCE_TAKES
        for writer in clients:
            writer.close()


@pytest.mark.usefixtures("many_open_files")
async def test_a_client_that_never_reads_takes_at_most_160_kib(tmp_path: Path) -> None:
    """With all the events that are kept for it, and the write that it does not take."""
    long = bullets(*(chr(0x4E00 + number) * 420 for number in range(49)))
    async with a_service(f"role\ncontent {long}\nfinish stop\ndone\n", tmp_path) as (program, port):
        with ExitStack() as stack:
            for _ in range(0, WARM, FEW):
                await fall_silent(program, port, stack)
            before = resident_kib(program)
            for _ in range(0, DEAF, FEW):
                await fall_silent(program, port, stack)
            each = (resident_kib(program) - before) / DEAF
            print(f"a client that never reads takes {each:.1f} KiB")
            assert each <= 160
            assert waiting_bytes(port) > DEAF * 16 * 1024, "nothing waits for them: they prove nothing"


async def fall_silent(program: Program, port: int, stack: ExitStack) -> None:
    """Some more clients that never read, each with a whole summary waiting for it."""
    for _ in range(FEW):
        stack.enter_context(await deaf_client(port))
    for _ in range(FEW):
        assert (await program.logs("summary ended"))["bullets"] == 49


def waiting_bytes(port: int) -> int:
    """What the kernel holds on the service's side of its connections: bytes that nobody has taken."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    ours = f"{socket.inet_aton('127.0.0.1')[::-1].hex().upper()}:{port:04X}"
    return sum(int(fields[4].split(":")[0], 16) for fields in map(str.split, lines) if fields[1] == ours)
