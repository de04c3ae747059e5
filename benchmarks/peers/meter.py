"""What a process and its children have cost, as the operating system counts it. Linux only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# clock_getcpuclockid(3): a process's CPU clock, all its threads and those that have ended. It is what utime + stime in
# /proc/PID/stat are cut to ticks of 10 ms from.
_CPUCLOCK_SCHED = 2


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process tree, in bytes; `pss` shares out what several processes share, `peak` is the sum of peak RSS."""

    rss: int
    pss: int
    peak: int


def tree(root: int) -> list[int]:
    """The process and all below it that live."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(pid := waiting.pop())
        waiting += parents.get(pid, [])
    return found


def cpu_s(root: int) -> float:
    """User and system time so far, of the process and all below it, those that have ended included."""
    return sum(_cpu_of(pid) for pid in tree(root))


def _cpu_of(pid: int) -> float:
    try:
        own = time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    except OSError:  # it has just ended: its parent's count has it
        return 0.0
    fields = _stat(pid)
    ended_children = (int(fields[13]) + int(fields[14])) * _TICK_S if fields else 0.0
    return own + ended_children


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state (the third) on; none if it has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def core_busy_s(core: int) -> float:
    """How long this core has worked since the machine started, for whomever; what the host took for others included."""
    for line in (_PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) * _TICK_S
    return 0.0


def memory(root: int) -> Memory:
    """What the tree holds now, and held at most since it began or `forget_peak` was called."""
    pids = tree(root)
    return Memory(
        rss=sum(_kib(pid, "status", "VmRSS") for pid in pids),
        pss=pss(pids),
        peak=sum(_kib(pid, "status", "VmHWM") for pid in pids),
    )


def pss(pids: Iterable[int]) -> int:
    """Of these processes, in bytes: a look that is over at once, for while others are measuring."""
    return sum(_kib(pid, "smaps_rollup", "Pss") for pid in pids)


def forget_peak(root: int) -> None:
    """Let peak RSS begin anew from what there is now (proc_pid_clear_refs(5))."""
    for pid in tree(root):
        (_PROC / str(pid) / "clear_refs").write_text("5")


def _kib(pid: int, file: str, name: str) -> int:
    """A field in bytes; 0 for a process that has just ended."""
    try:
        lines = (_PROC / str(pid) / file).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)
