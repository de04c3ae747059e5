"""`python -m benchmarks.load`: load-tests a running streamsum, or one of its own. `--help` says how."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from tempfile import TemporaryFile

from benchmarks.load.compare import differences
from benchmarks.load.environment import read_environment
from benchmarks.load.level import MAX_IN_FLIGHT
from benchmarks.load.options import Options
from benchmarks.load.processes import CannotStart
from benchmarks.load.progress import Progress
from benchmarks.load.quantities import show_quantity
from benchmarks.load.results import summarise, write
from benchmarks.load.run import LoadTest, NobodyThere
from benchmarks.load.summary import KINDS, LevelSummary, LoadSummary, figures_of
from streamsum.open_files import allow_streams

OK, GATE_FAILED, BAD_USAGE, NOTHING_MEASURED = 0, 1, 2, 3
INTERRUPTED, TOLD_TO_END = 128 + signal.SIGINT, 128 + signal.SIGTERM

_SHOWN = ("summaries_per_s", "first_bullet_p50", "first_bullet_p95", "gap_p95", "total_p95", "lag_p50", "lag_p99")


def main(
    arguments: Sequence[str] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    progress: Progress | None = None,
) -> int:
    """Run it, write the results, print the gist; the exit status is as in `--help`. Raises SystemExit: bad usage."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has not all of our letters
    options = Options.read(sys.argv[1:] if arguments is None else arguments, environment)
    try:
        options.out.mkdir(parents=True, exist_ok=True)  # now, and not when there is something to be lost
        TemporaryFile(dir=options.out).close()
    except OSError as error:
        print(f"--out: {error.strerror}", file=sys.stderr)
        return BAD_USAGE
    test = LoadTest(options, progress or Progress())
    facts, started_at = read_environment(), datetime.now(UTC)
    allow_streams(max(MAX_IN_FLIGHT if level.mode == "open" else round(level.load) for level in options.levels))
    status = _run(test)
    if not test.levels:
        return status  # and an earlier report stays as it is
    summary = summarise(
        test, started_at=started_at, environment=facts, interrupted=status in {INTERRUPTED, TOLD_TO_END}
    )
    print("\n".join(_gist(summary)))
    if options.old is not None and (other := differences(options.old, summary)):
        print(f"compared with a run in which other things were different, too: {', '.join(other)}")
    try:
        write(summary, test.levels, options.out)
    except OSError as error:
        print(f"--out: {error.strerror}: what stands above is all that there is", file=sys.stderr)
        return BAD_USAGE
    print(f"written to {options.out}{os.sep}: summary.json, requests.jsonl, summary.csv, report.html")
    return status or _judge(summary)


def _run(test: LoadTest) -> int:
    try:
        asyncio.run(_until_told(test))
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TOLD_TO_END
    except (CannotStart, NobodyThere) as error:
        print(error, file=sys.stderr)
        return NOTHING_MEASURED
    return OK


async def _until_told(test: LoadTest) -> None:
    """SIGINT is asyncio's own: it cancels this task, too."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await test.run()


def _judge(summary: LoadSummary) -> int:
    if not any(level.requests.ok for level in summary.levels):
        return NOTHING_MEASURED
    return OK if all(each.passed for each in summary.verdicts) else GATE_FAILED


def _gist(summary: LoadSummary) -> Iterator[str]:
    for level in summary.levels:
        yield f"{level.name}: {', '.join(_figures(level))}"
        if level.errors:
            yield "  errors: " + ", ".join(f"{code} {count}" for code, count in sorted(level.errors.items()))
        if level.goodput:
            yield f"  kept its objectives: {show_quantity(level.goodput.share, 'share')}"
        if level.generator.saturated:
            yield "  the load generator was saturated: these times are its own as well"
    for verdict in summary.verdicts:
        if not verdict.passed:
            found = "unknown" if verdict.found is None else show_quantity(verdict.found, KINDS[verdict.figure])
            limit = show_quantity(verdict.limit, KINDS[verdict.figure])
            yield f"FAILED {verdict.gate} ({verdict.level}): {found}, the limit is {limit}"


def _figures(level: LevelSummary) -> Iterator[str]:
    requests = level.requests
    yield f"{requests.measured} requests, {requests.errors} with an error"
    found = figures_of(level)
    for name in _SHOWN:
        if (value := found[name]) is not None:
            yield f"{name.replace('_', ' ')} {show_quantity(value, KINDS[name])}"


if __name__ == "__main__":
    sys.exit(main())
