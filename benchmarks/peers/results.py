"""The figures of one trial, and of all of them, as they are written to a file and read from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Between an item's closing character at the model and the item at the client, in seconds."""

    p50: float
    p90: float
    p99: float
    worst: float
    by_item: list[float]  # the median of each summary's first item, second, …

    @classmethod
    def of(cls, summaries: Sequence[Sequence[float]]) -> Self:
        """From the lags of each summary's items."""
        every = sorted(lag for summary in summaries for lag in summary)
        return cls(
            p50=percentile(every, 50),
            p90=percentile(every, 90),
            p99=percentile(every, 99),
            worst=every[-1],
            by_item=by_item(summaries),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One peer in one scene in one round. Times in seconds, memory in bytes; `failure` says why there is no more."""

    peer: str
    scene: str
    round: int
    failure: str | None = None
    summaries: int = 0
    chunks: int = 0
    items: int = 0
    late_items: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    idle_pss: int = 0
    open_pss: int = 0
    peak_rss: int = 0
    lag: Lag | None = None
    # From the request to the first item, the second …: medians.
    arrival_by_item: list[float] = field(default_factory=list)
    # How far to trust it: the share of its core that the model and the client took, the share of the service's core
    # that was taken by anything else, and how late the model was with a token.
    driver_busy: float = 0.0
    others_busy: float = 0.0
    model_late_p99_s: float = 0.0

    @property
    def cpu_a_chunk_us(self) -> float:
        """Microseconds of CPU a chunk of the model's answer."""
        return self.cpu_s / self.chunks * 1e6

    @property
    def cpu_a_summary_ms(self) -> float:
        """Milliseconds of CPU a summary."""
        return self.cpu_s / self.summaries * 1e3

    @property
    def chunks_a_core_s(self) -> float:
        """Chunks that a second of one core is enough for."""
        return self.chunks / self.cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A whole comparison."""

    date: str
    took_s: float
    machine: Mapping[str, Any]
    versions: Mapping[str, Mapping[str, str]]
    left_out: Mapping[str, str]
    trials: Sequence[Trial]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it back. Raises ValueError for a file of another schema."""
        value = json.loads(path.read_text(encoding="utf-8"))
        if value.pop("schema", None) != SCHEMA:
            raise ValueError(f"{path.name} is of another schema than {SCHEMA}")
        trials = value.pop("trials")
        return cls(**value, trials=[_trial(each) for each in trials])


def _trial(value: dict[str, Any]) -> Trial:
    lag = value.pop("lag")
    return Trial(**value, lag=lag and Lag(**lag))


def by_item(summaries: Sequence[Sequence[float]]) -> list[float]:
    """The median over the summaries, of the first items, of the second …"""
    return [percentile(sorted(item), 50) for item in zip(*summaries, strict=True)]


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Nearest rank: the smallest value that at least `percent` of all do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
