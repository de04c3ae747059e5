"""Ours beside its peers: `python -m benchmarks.peers`, about 17 minutes; less with --scenes, --peers, --rounds."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from benchmarks.peers.catalogue import PEERS, Peer
from benchmarks.peers.chapter import chapter, put_into
from benchmarks.peers.environments import ROOT, Missing
from benchmarks.peers.machine import machine
from benchmarks.peers.plot import plot
from benchmarks.peers.results import Results, Trial
from benchmarks.peers.rounds import Rounds, TooFewCores
from benchmarks.peers.scenes import SCENES, Scene
from benchmarks.peers.table import tables

_README = ROOT / "benchmarks" / "README.md"
# Beside the page that shows it.
_PUBLISHED = "peers"
_Named = TypeVar("_Named", Peer, Scene)
# 100 rounds are some hours: more is a slip of the finger.
MAX_ROUNDS = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run, write. Exit code 1 if a trial failed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.results is not None:
        return _show(Results.load(options.results), options.out, publish=options.publish)
    peers = _pick(parser, options.peers, PEERS)
    left_out = _prepare(peers)
    if options.setup:
        return 0
    peers = [each for each in peers if each.name not in left_out]
    try:
        results = _run(peers, _pick(parser, options.scenes, SCENES), options.rounds, left_out)
    except TooFewCores as error:
        parser.error(str(error))
    return _show(results, options.out, publish=options.publish)


def _stop_in_order() -> None:
    """Ctrl-C, also where a shell in the background has it ignored, and SIGTERM: services end with us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    scenes, peers = ([each.name for each in some] for some in (SCENES, PEERS))
    parser.add_argument("--scenes", default=",".join(scenes), metavar="A,B", help=f"of {', '.join(scenes)}")
    parser.add_argument("--peers", default=",".join(peers), metavar="A,B", help=f"of {', '.join(peers)}")
    parser.add_argument("--rounds", type=_rounds, default=3, metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "peers", metavar="FOLDER")
    parser.add_argument("--publish", action="store_true", help="put it into benchmarks/README.md, too")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--setup", action="store_true", help="only make the peers' environments")
    other.add_argument("--results", type=Path, metavar="FILE", help="run nothing, show these results.json again")
    return parser


def _rounds(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MAX_ROUNDS:
        raise argparse.ArgumentTypeError(f"must be 1 to {MAX_ROUNDS}")
    return int(value)


def _pick(parser: argparse.ArgumentParser, names: str, among: Sequence[_Named]) -> list[_Named]:
    wanted = names.split(",")
    if unknown := set(wanted) - {each.name for each in among}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(each.name for each in among)}")
    return [each for each in among if each.name in wanted]


def _prepare(peers: Sequence[Peer]) -> dict[str, str]:
    """Make what is needed; what cannot be had, and why."""
    left_out = {}
    for peer in peers:
        try:
            peer.environment.prepare()
        except Missing as error:
            left_out[peer.name] = str(error)
            print(f"left out: {peer.name}: {error}", file=sys.stderr)
    return left_out


def _run(peers: Sequence[Peer], scenes: Sequence[Scene], rounds: int, left_out: Mapping[str, str]) -> Results:
    begun, date, where = time.monotonic(), datetime.now(UTC), machine()
    comparison = Rounds(peers=peers, scenes=scenes, rounds=rounds, tell=_tell)
    try:
        comparison.play()
    except KeyboardInterrupt:
        print("stopped: what was measured is kept", file=sys.stderr)
    return Results(
        date=date.isoformat(timespec="seconds"),
        took_s=time.monotonic() - begun,
        machine=where,
        versions={peer.name: peer.environment.versions() for peer in peers},
        left_out=left_out,
        trials=comparison.trials,
    )


def _tell(trial: Trial) -> None:
    line = f"round {trial.round + 1}  {trial.scene:6}{trial.peer:20}"
    if trial.failure or trial.lag is None:
        print(f"{line}{trial.failure}", flush=True)
        return
    print(
        f"{line}{trial.cpu_a_chunk_us:9.2f} µs a chunk  {trial.cpu_a_summary_ms:9.2f} ms a summary  "
        f"lag p50 {trial.lag.p50 * 1e3:9.2f} p99 {trial.lag.p99 * 1e3:9.2f} ms  {trial.wall_s:5.1f} s  "
        f"(others {trial.others_busy:.0%}, driver {trial.driver_busy:.0%}, "
        f"model late {trial.model_late_p99_s * 1e3:.1f} ms)",
        flush=True,
    )


def _show(results: Results, folder: Path, *, publish: bool) -> int:
    """Write everything to the folder, print the tables. 1 if a trial failed, or there was none."""
    if not results.trials:
        return 1
    _write(results, folder, "results")
    print(tables(results))
    if publish:
        _write(results, _README.parent, _PUBLISHED)
        page = put_into(_README.read_text(encoding="utf-8"), chapter(results, picture=f"{_PUBLISHED}.svg"))
        _README.write_text(page, encoding="utf-8")
    return 1 if any(each.failure for each in results.trials) else 0


def _write(results: Results, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder / f"{name}.json")
    (folder / f"{name}.svg").write_text(plot(results), encoding="utf-8")


if __name__ == "__main__":
    _stop_in_order()
    sys.exit(main())
