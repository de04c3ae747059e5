"""benchmarks/peers/meter.py: it counts what the operating system counts, for a process and all below it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.peers import meter
from benchmarks.peers.process import on_core

WORK = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
WAIT = "import sys; print(flush=True); sys.stdin.read()"
HOLD = "held = bytearray(b'x') * (64 << 20)"


@contextmanager
def python(*lines: str) -> Iterator[int]:
    """A process that has run these lines and waits."""
    command = [sys.executable, "-c", "\n".join([*lines, WAIT])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def child(lines: str, *, ended: bool) -> str:
    """A line that runs these in a child, and waits until it has ended, or until it has run them and waits."""
    command = [sys.executable, "-c", lines if ended else f"{lines}\n{WAIT}"]
    if ended:
        return f"import subprocess; subprocess.run({command!r}, check=True)"
    return (
        f"import subprocess; p = subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE); "
        "p.stdout.readline()"
    )


@pytest.mark.parametrize(
    "lines",
    [
        WORK,
        f"import threading\nt = threading.Thread(target=exec, args=({WORK!r},)); t.start(); t.join()",
        child(WORK, ended=True),
        child(WORK, ended=False),
    ],
    ids=["itself", "an ended thread", "an ended child", "a living child"],
)
def test_all_work_is_counted(lines: str) -> None:
    """What the process did, its threads and its children, whether they live or not; and Python's start."""
    with python(lines) as pid:
        found = meter.cpu_s(pid)
        assert 0.3 <= found < 1.5
        assert meter.cpu_s(pid) == pytest.approx(found, abs=0.05)  # who waits costs nothing


def test_a_tree_has_all_below_its_root() -> None:
    """And nobody else."""
    with python(child("pass", ended=False)) as pid:
        assert len(meter.tree(pid)) == 2
        assert os.getpid() not in meter.tree(pid)
        assert pid in meter.tree(os.getpid())


def test_memory_is_that_of_the_tree() -> None:
    """64 MiB held by a child are seen."""
    with python(child("pass", ended=False)) as small, python(child(HOLD, ended=False)) as large:
        assert 60 << 20 < meter.memory(large).pss - meter.memory(small).pss < 70 << 20
        assert meter.memory(large).peak >= meter.memory(large).rss > meter.memory(large).pss


def test_a_peak_can_be_forgotten() -> None:
    """Then it begins anew from what there is."""
    with python(HOLD, "del held") as pid:
        before = meter.memory(pid)
        meter.forget_peak(pid)
        after = meter.memory(pid)
        assert before.peak - before.rss > 50 << 20
        assert after.peak - after.rss < 10 << 20


def test_a_core_is_busy_at_least_as_long_as_its_work() -> None:
    """Ours is a part of it."""
    core = min(os.sched_getaffinity(0))
    with on_core(core):
        busy, own = meter.core_busy_s(core), time.process_time()
        while time.process_time() < own + 0.2:
            pass
        assert meter.core_busy_s(core) - busy >= 0.18  # it counts in ticks


def test_who_has_ended_costs_nothing_more() -> None:
    """No error: a process may end between two looks."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    assert meter.cpu_s(process.pid) == 0
    assert meter.memory(process.pid) == meter.Memory(0, 0, 0)
