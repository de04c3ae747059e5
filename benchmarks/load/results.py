"""Puts a run together, and into files: `summary.json`, `requests.jsonl`, `summary.csv`, `report.html`."""

import csv
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from benchmarks.load.compare import compare
from benchmarks.load.environment import Facts
from benchmarks.load.gates import judge_all
from benchmarks.load.options import Options
from benchmarks.load.report import render
from benchmarks.load.run import LoadTest
from benchmarks.load.summary import KINDS, VERSION, LevelSummary, LoadSummary, figures_of
from benchmarks.load.tally import LevelRun, tally

# A setting's value is shown where it can be no address, path or secret.
_PLAIN = re.compile(r"[0-9.]{1,20}|[a-z_]{1,20}", re.ASCII)


def summarise(test: LoadTest, *, started_at: datetime, environment: Facts, interrupted: bool) -> LoadSummary:
    """What it came to, gates and all. An interrupted one is judged by nobody: it is not what was asked for."""
    options = test.options
    levels = tuple(tally(run, options.objectives) for run in test.levels)
    verdicts = judge_all(options.gates, levels)
    if options.old is not None:
        verdicts += compare(options.old, levels, tolerance=options.tolerance)
    return LoadSummary(
        version=VERSION,
        started_at=started_at.astimezone(UTC).isoformat(timespec="seconds"),
        interrupted=interrupted,
        environment={**environment, "pinned": str(test.cores) if test.cores else None},
        settings=_settings(options),
        levels=levels,
        verdicts=() if interrupted else tuple(verdicts),
    )


def write(summary: LoadSummary, runs: Sequence[LevelRun], folder: Path) -> None:
    """All files into the folder, over earlier ones. Raises OSError."""
    (folder / "summary.json").write_text(summary.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(render(summary, runs), encoding="utf-8")
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as table:
        _write_table(summary.levels, table)
    with (folder / "requests.jsonl").open("w", encoding="utf-8") as lines:
        for run in runs:
            for outcome in run.outcomes:
                lines.write(json.dumps(outcome.line(level=run.level.name, began=run.began)) + "\n")


def _write_table(levels: Sequence[LevelSummary], file: TextIO) -> None:
    """A row a level, a column a figure: times in seconds, shares as parts of 1, empty where nobody knows."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["level", "mode", "load", "window_s", *KINDS])
    for level in levels:
        table.writerow([level.name, level.mode, level.load, level.window_s, *figures_of(level).values()])


def _settings(options: Options) -> Facts:
    pacing, upstream = options.pacing, options.upstream
    own: Facts = {"target": "the given address"}
    if options.target is None:
        own = {
            "target": "a service and a fake upstream of its own",
            "upstream_bullets": upstream.bullets,
            "upstream_pace": upstream.pace,
            "upstream_first_token_delay_s": upstream.first_token_delay_s,
            **{name: _shown(value) for name, value in options.service_settings.items()},
        }
    return {
        **own,
        "ramp_up_s": pacing.ramp_up_s,
        "warm_up_s": pacing.warm_up_s,
        "duration_s": pacing.duration_s,
        "requests": pacing.requests,
        "timeout_s": options.timeout_s,
        "seed": pacing.seed,
        "texts": len(options.texts),
        "texts_chars": sum(each.chars for each in options.texts),
        "body": json.dumps(dict(options.fields)),
    }


def _shown(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "(set)"
