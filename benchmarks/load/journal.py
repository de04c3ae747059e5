"""Joins what the client saw with the fake upstream's journal: the emission lag, our own cost.

A bullet's lag is its arrival at the client less the moment at which its closing character left the upstream. Both
clocks are CLOCK_MONOTONIC, so they are one only on one machine.
"""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.load.outcome import Outcome

# Elements' closing times by tag, in the order of the calls.
Closings = Mapping[str, list[float]]


def read_journal(file: Path, tags: Container[str]) -> Closings:
    """What the journal says so far of these; a line that is still being written, or is none of ours, says nothing."""
    closings: dict[str, list[tuple[float, list[float]]]] = defaultdict(list)
    with suppress(OSError), file.open(encoding="utf-8", errors="replace") as lines:  # it may not be there yet
        for line in lines:
            if (call := _read(line)) is not None and call[0] in tags:
                closings[call[0]].append(call[1:])
    # Of several passes over one source each goes on where the last one stopped.
    return {tag: [at for _, times in sorted(calls) for at in times] for tag, calls in closings.items()}


def _read(line: str) -> tuple[str, float, list[float]] | None:
    try:
        call = json.loads(line)
        tag, arrived_at, times = call["tag"], float(call["arrived_at"]), [float(each) for each in call["elements_at"]]
    except (ValueError, KeyError, TypeError):
        return None
    return (tag, arrived_at, times) if isinstance(tag, str) else None


def note_lags(outcomes: Iterable[Outcome], closings: Closings) -> None:
    """Set each outcome's `lags`, where the journal knows it."""
    for outcome in outcomes:
        closed_at = closings.get(outcome.tag, [])
        outcome.lags = [
            outcome.scheduled_at + arrived - closed_at[element]
            for element, arrived in zip(outcome.elements, outcome.bullets, strict=True)
            if element < len(closed_at)
        ]
