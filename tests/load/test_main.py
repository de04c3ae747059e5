"""`python -m benchmarks.load` as people run it: its files, its exit status, and its end by a signal."""

import asyncio
import json
import math
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import sub
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fake_upstream import Content, FakeUpstream, Gate, parse
from benchmarks.fake_upstream.element_ends import document, element_ends
from benchmarks.load.texts import script_of
from tests.load.family import alive, children
from tests.servers import served, settings_for

ROOT = Path(__file__).parents[2]
AT_ONCE = ("--ramp-up", "0", "--warm-up", "0")
LIMIT_S = 60  # a cold start of three processes on a busy machine, and no more


@asynccontextmanager
async def load(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "benchmarks.load", *arguments), cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ends(*arguments: str) -> tuple[int | None, str, str]:
    """Its exit status, and what it said: standard output, standard error."""
    async with load(*arguments) as process:
        output, errors = await process.communicate()
        return process.returncode, output.decode(), errors.decode()


def summary_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


DELAY_S, PACE, BULLETS = 0.4, 50, 3


def planted() -> float:
    """Until the first bullet of `script_of(BULLETS)`, by tokens of 4 characters."""
    first = math.ceil(element_ends(document(parse(script_of(BULLETS))))[0] / 4)
    return DELAY_S + (first - 1) / PACE


def bullets_in(folder: Path) -> list[tuple[list[float], list[float]]]:
    """Of each request: when its bullets came, and when the model had written them."""
    lines = [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
    lags = [zip(line["bullets_s"], line["lags_s"], strict=True) for line in lines]
    return [(line["bullets_s"], [at - lag for at, lag in each]) for line, each in zip(lines, lags, strict=True)]


def came_back(seen: list[float], written: list[float]) -> bool:
    """Until the first bullet, and from each to the next: within 5 %."""
    pairs = [(seen[0], written[0]), *zip(map(sub, seen[1:], seen), map(sub, written[1:], written), strict=False)]
    return all(found == pytest.approx(planned, rel=0.05) for found, planned in pairs)


async def test_planted_delays_come_back(tmp_path: Path) -> None:
    """First-token delay and pace of the fake model, through processes of its own; and none of them is left behind.

    Never too small; and within 5 % of when the model wrote, which a busy machine holds up as well. Other work only ever
    adds time, so that one request in which it did not is enough: of eight, and of eight more, up to ten times.
    """
    delivery = ("--first-token-delay", f"{DELAY_S}s", "--pace", f"{PACE}", "--bullets", f"{BULLETS}")
    arguments = (*delivery, *AT_ONCE, "--concurrency", "4", "--requests", "8", "--out", str(tmp_path))
    requests: list[tuple[list[float], list[float]]] = []
    for _ in range(10):
        status, _, errors = await ends(*arguments, "--fail-if", "errors>0")
        assert status == 0, errors
        requests = bullets_in(tmp_path)
        assert all(seen[0] >= written[0] >= planted() - 0.001 for seen, written in requests)
        if any(came_back(*each) for each in requests):
            break
    assert any(came_back(*each) for each in requests)
    (level,) = summary_in(tmp_path)["levels"]
    assert level["seconds"]["first_bullet"]["p50"] == sorted(seen[0] for seen, _ in requests)[3]
    assert level["seconds"]["lag"]["count"] == BULLETS * level["requests"]["ok"]
    assert set(os.listdir(tmp_path)) == {"summary.json", "summary.csv", "requests.jsonl", "report.html"}  # noqa: PTH208
    assert not any("benchmarks" in words or "streamsum" in words for words in children(os.getpid()).values())


async def test_a_failed_gate_is_an_exit_status(tmp_path: Path) -> None:
    """1, and its name; the one that passed is not named."""
    gates = ("--fail-if", "total_p50>1m", "--fail-if", "bullets<99")
    async with FakeUpstream(parse(script_of(1))) as model, served(None, settings=settings_for(model), limit_s=30) as it:
        where = ("--url", f"http://127.0.0.1:{it.port}", "--out", str(tmp_path), *AT_ONCE)
        status, output, errors = await ends(*where, "--concurrency", "1", "--requests", "2", *gates)
    assert status == 1, errors
    assert "FAILED bullets<99 (concurrency 1): 2, the limit is 99" in output
    assert output.count("FAILED") == 1


async def test_what_cannot_be_measured_is_no_success(tmp_path: Path) -> None:
    """Nobody answers at all: 3. A folder that cannot be written to: 2, before anything starts."""
    status, output, errors = await ends("--url", "http://127.0.0.1:1", "--out", str(tmp_path))
    assert (status, output, errors) == (3, "", "nobody answers at --url\n")
    (tmp_path / "file").touch()
    status, _, errors = await ends("--url", "http://127.0.0.1:1", "--out", str(tmp_path / "file" / "x"))
    assert (status, errors.startswith("--out: ")) == (2, True)
    status, _, errors = await ends("--url", "http://127.0.0.1:1", "--out", "/proc")
    assert (status, errors.count("\n"), errors.startswith("--out: ")) == (2, 1, True)


async def test_what_cannot_be_written_is_shown(tmp_path: Path) -> None:
    """A disk that is full when all has been measured: the gist, and why there is no report; 2, no traceback."""
    (tmp_path / "summary.csv").mkdir()
    async with FakeUpstream(parse(script_of(1))) as model, served(None, settings=settings_for(model)) as at:
        url = f"http://127.0.0.1:{at.port}"
        status, output, errors = await ends(
            "--url", url, "--out", str(tmp_path), "--requests", "1", "--concurrency", "1", *AT_ONCE
        )
    assert status == 2
    assert output.startswith("concurrency 1: 1 requests, 0 with an error")
    assert errors.splitlines()[-1] == "--out: Is a directory: what stands above is all that there is"


async def test_help_is_there_for_any_terminal() -> None:
    """What its encoding does not have is a substitute."""
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = (sys.executable, "-m", "benchmarks.load", "--help")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(LIMIT_S):
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert b"[OPTION ?]" in output


async def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    """Three requests ended, the fourth is open: 130, files with the three; no gate is judged, no traceback shown."""
    gate = Gate()
    scripts = [parse(script_of(1))] * 3 + [(Content('{"bullets": ["One."'), gate)]
    async with (
        FakeUpstream(scripts) as model,
        served(None, settings=settings_for(model), limit_s=LIMIT_S) as it,
        load(
            *("--url", f"http://127.0.0.1:{it.port}", "--concurrency", "1", "--body", '{"on_disconnect": "cancel"}'),
            *("--out", str(tmp_path), "--fail-if", "errors>=0", *AT_ONCE),
        ) as process,
    ):
        await gate.reached(within=LIMIT_S)
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
    assert (process.returncode, b"Traceback" in errors, b"FAILED" in output) == (130, False, False), errors
    summary = summary_in(tmp_path)
    assert (summary["interrupted"], summary["levels"][0]["requests"]["ok"]) == (True, 3)
    assert summary["levels"][0]["requests"]["interrupted"] == 1
    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == 4


async def test_a_told_end_takes_its_processes_along(tmp_path: Path) -> None:
    """SIGTERM, while its own service is under load: 143, the files, and nobody is left running."""
    async with load("--out", str(tmp_path), "--concurrency", "2", *AT_ONCE) as process:
        assert process.stderr is not None
        while b"concurrency 2" not in await process.stderr.readline():
            pass
        theirs = children(process.pid)
        process.terminate()
        await process.communicate()
    assert process.returncode == 143
    assert summary_in(tmp_path)["interrupted"]
    assert len(theirs) == 2
    assert not any(map(alive, theirs))
