"""Levels, one after the other, against a real service with a fake model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.fake_upstream import Chooser, Content, FakeUpstream, Gate, Journal, answer, parse
from benchmarks.load.level import Level
from benchmarks.load.options import Options
from benchmarks.load.outcome import INTERRUPTED
from benchmarks.load.progress import Progress
from benchmarks.load.run import LoadTest, NobodyThere
from benchmarks.load.tally import tally
from benchmarks.load.texts import script_of
from tests.load.answering import OK_STREAM, answering
from tests.servers import served, settings_for

# As soon as the loop is there, all counts.
AT_ONCE = ("--ramp-up", "0", "--warm-up", "0")


@asynccontextmanager
async def target(script: Chooser, journal: Path) -> AsyncIterator[tuple[str, ...]]:
    """A service on that model; the options with which it is found."""
    with journal.open("a") as lines:
        async with (
            FakeUpstream(script, journal=Journal(lines)) as model,
            served(None, settings=settings_for(model), limit_s=30) as service,
        ):
            yield "--url", f"http://127.0.0.1:{service.port}", *AT_ONCE


def load_test(*arguments: str) -> LoadTest:
    return LoadTest(Options.read(arguments, {}), Progress(None))


async def test_a_sweep_measures_every_level(tmp_path: Path) -> None:
    """As many good requests as were asked for; each bullet has its lag, which is small and not before its time."""
    journal = tmp_path / "journal.jsonl"
    async with target(parse(script_of(5)), journal) as where:
        test = load_test(*where, "--journal", str(journal), "--concurrency", "1,4", "--requests", "8")
        await test.run()
    assert [run.level for run in test.levels] == [Level("closed", 1), Level("closed", 4)]
    for run in test.levels:
        summary = tally(run, {})
        assert (summary.requests.ok, summary.errors, summary.bullets) == (
            summary.requests.measured,
            {},
            5 * len(run.measured),
        )
        assert summary.requests.measured == 8
        assert summary.seconds.lag is not None
        assert summary.seconds.lag.count == summary.bullets
        assert all(0 < lag < each.total for each in run.measured for lag in each.lags if each.total)
        assert summary.throughput.summaries_per_s > 0
        assert summary.window_s > 0


async def test_an_open_loop_measures_too(tmp_path: Path) -> None:
    """A rate, for a time; without a journal nothing is said of the lag, and no text is changed."""
    async with target(answer('{"bullets": ["One.", "Two."]}'), tmp_path / "journal.jsonl") as where:
        test = load_test(*where, "--rate", "40", "--duration", "500ms")
        await test.run()
    (run,) = test.levels
    summary = tally(run, {})
    assert summary.requests.ok == summary.requests.measured == len(run.outcomes) > 5
    assert summary.seconds.lag is None
    assert '"tag": null' in (tmp_path / "journal.jsonl").read_text()


async def test_what_ends_badly_is_an_error(tmp_path: Path) -> None:
    """By the contract's codes; the run goes on."""
    script = (Content('{"bullets": ["One."'), *parse("reset"))
    async with target([answer('{"bullets": []}'), script, parse("status 400")], tmp_path / "j") as where:
        test = load_test(*where, "--requests", "3", "--concurrency", "1")
        await test.run()
    (run,) = test.levels
    assert [each.error for each in run.outcomes] == [None, "upstream_truncated", "upstream_rejected"]


async def test_a_cancelled_test_keeps_what_it_has(tmp_path: Path) -> None:
    """What ended is measured, what was open is interrupted, and the lags are there."""
    gate, journal = Gate(), tmp_path / "journal.jsonl"
    scripts = [parse(script_of(5))] * 3 + [(Content('{"bullets": ["One."'), gate)]
    async with target(scripts, journal) as where:
        test = load_test(
            *where, "--journal", str(journal), "--concurrency", "1,7", "--body", '{"on_disconnect": "cancel"}'
        )
        running = asyncio.create_task(test.run())
        await gate.reached()
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()
    (run,) = test.levels
    assert [each.error for each in run.outcomes] == [None, None, None, INTERRUPTED]
    assert [len(each.lags) for each in run.outcomes[:3]] == [5, 5, 5]
    assert run.ended < run.measured_from + 10


async def test_nobody_there() -> None:
    """Is said, not measured."""
    async with answering(OK_STREAM) as server:
        url = str(server.target.url)
    with pytest.raises(NobodyThere):
        await load_test("--url", url).run()
