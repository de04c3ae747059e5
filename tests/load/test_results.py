"""A run, put together and into files."""

import csv
import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import jsonschema

from benchmarks.load.options import Options
from benchmarks.load.progress import Progress
from benchmarks.load.results import summarise, write
from benchmarks.load.run import LoadTest
from benchmarks.load.summary import KINDS, LoadSummary, json_schema
from tests.load.levels import failed, level_run, level_summary, load_summary, outcome

WHEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def finished(*arguments: str, interrupted: bool = False) -> tuple[LoadTest, LoadSummary]:
    test = LoadTest(Options.read(arguments, {}), Progress(None), levels=[level_run([outcome(), failed()])])
    return test, summarise(test, started_at=WHEN, environment={"python": "3.11"}, interrupted=interrupted)


def test_every_file_says_the_same(tmp_path: Path) -> None:
    """A valid summary.json, a line a request, a row a level, a page."""
    test, summary = finished("--fail-if", "error_rate>1%")
    write(summary, test.levels, tmp_path)
    found = json.loads((tmp_path / "summary.json").read_text())
    jsonschema.Draft202012Validator(json_schema()).validate(found)
    assert LoadSummary.model_validate(found) == summary
    lines = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert [(line["level"], line["error"]) for line in lines] == [
        ("concurrency 10", None),
        ("concurrency 10", "overloaded"),
    ]
    with (tmp_path / "summary.csv").open(newline="") as table:
        (row,) = csv.DictReader(table)
    assert list(row) == ["level", "mode", "load", "window_s", *KINDS]
    assert (row["level"], row["errors"], row["total_p95"], row["lag_p50"]) == ("concurrency 10", "1", "4.0", "")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_gates_and_the_old_summary_are_judged(tmp_path: Path) -> None:
    """All of them, on each level; an interrupted test by none: it is not what was asked for."""
    old = tmp_path / "old.json"
    old.write_text(load_summary(level_summary([outcome()])).model_dump_json())
    arguments = ("--fail-if", "error_rate>1%", "--compare", str(old))
    _, summary = finished(*arguments)
    failing = [verdict.figure for verdict in summary.verdicts if not verdict.passed]
    assert failing == ["error_rate", "error_rate"]
    assert len(summary.verdicts) == 9
    _, summary = finished(*arguments, interrupted=True)
    assert (summary.verdicts, summary.interrupted) == ((), True)


def test_no_key_no_path_and_no_host_is_kept(tmp_path: Path) -> None:
    """Not of the options, not of the machine: results are shown around."""
    arguments = [
        "--url",
        "http://canary.example:1",
        "--allow-remote",
        "--key",
        "sk-canary",
        "--out",
        str(tmp_path / "canary"),
    ]
    test, summary = finished(*arguments)
    write(summary, test.levels, tmp_path)
    test, summary = finished("--set", "STREAMSUM_EVENT_LOG=redis://:canary@localhost", "--set", "STREAMSUM_KEEP_S=5")
    assert summary.settings["STREAMSUM_EVENT_LOG"] == "(set)"
    assert summary.settings["STREAMSUM_KEEP_S"] == "5"
    written = summary.model_dump_json() + "".join(each.read_text() for each in tmp_path.iterdir())
    for secret in ("canary", platform.node(), str(tmp_path)):
        assert secret not in written or len(secret) < 4
