"""Run the comparison: `python -m benchmarks.peers [--scenes short,few] [--peers streamsum,passthrough] [--rounds 3]`."""

from __future__ import annotations

import argparse

from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.results import Trial
from benchmarks.peers.rounds import play
from benchmarks.peers.scenes import SCENES


def main() -> None:
    """Read the command line, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--scenes", default=",".join(each.name for each in SCENES))
    parser.add_argument("--peers", default=",".join(each.name for each in PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    peers = [each for each in PEERS if each.name in options.peers.split(",")]
    scenes = [each for each in SCENES if each.name in options.scenes.split(",")]
    for each in peers:
        each.environment.prepare()
        print(each.name, each.environment.versions())
    play(peers, scenes, rounds=options.rounds, tell=_tell)


def _tell(trial: Trial) -> None:
    if trial.lag is None:
        print(f"{trial.round} {trial.scene:8} {trial.peer:14} {trial.failure}", flush=True)
        return
    print(
        f"{trial.round} {trial.scene:8} {trial.peer:14} {trial.cpu_a_chunk_us:8.2f} us/chunk "
        f"{trial.cpu_a_summary_ms:9.2f} ms/summary  lag p50 {trial.lag.p50 * 1e3:8.2f} p99 {trial.lag.p99 * 1e3:8.2f} ms "
        f"late {trial.late_items}/{trial.items}  pss {trial.idle_pss >> 20} open {trial.open_pss >> 20} "
        f"peak {trial.peak_rss >> 20} MiB  model late p99 {trial.model_late_p99_s * 1e3:.2f} ms busy {trial.driver_busy:.2f} "
        f"wall {trial.wall_s:.1f} n {trial.summaries}",
        flush=True,
    )


if __name__ == "__main__":
    main()
