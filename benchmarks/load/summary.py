"""`summary.json`: what a load test found. Its JSON Schema is `summary.schema.json`, kept true by a test.

Under the same version fields may be added, with a default for files that were written before; one that goes, or means
something else, makes it another.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from benchmarks.load.figures import STATISTICS, Figures
from benchmarks.load.level import Level, Mode
from benchmarks.load.quantities import Kind

VERSION: Literal["streamsum-load/1"] = "streamsum-load/1"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Measures(_Frozen):
    """In seconds from the scheduled start (gap: from the bullet before; lag: from the upstream's closing character).

    Of the measured requests that were answered well. `waited`: until the request was really sent.
    """

    waited: Figures | None
    headers: Figures | None
    first_event: Figures | None
    first_bullet: Figures | None
    gap: Figures | None
    total: Figures | None
    lag: Figures | None


MEASURES = tuple(Measures.model_fields)


class Counts(_Frozen):
    """Requests. `measured` = `ok` + `errors`; `cut`, among the errors, are streams without their last event.

    `not_measured` started in ramp-up or warm-up; `interrupted` were still running when somebody ended the test.
    """

    measured: int
    ok: int
    errors: int
    cut: int
    not_measured: int
    interrupted: int


class Throughput(_Frozen):
    """A second of the window in which requests were measured: what ended well in it, whenever it began."""

    summaries_per_s: float
    bullets_per_s: float
    bytes_per_s: float


class Goodput(_Frozen):
    """What ended well and kept every objective; the share is of the measured requests."""

    objectives: dict[str, float]
    ok: int
    share: float
    summaries_per_s: float


class Generator(_Frozen):
    """How the load generator itself bore it. Where it was saturated, the times above are its own as well."""

    cpu_share: float
    loop_lag: Figures | None
    saturated: bool


class LevelSummary(_Frozen):
    """One level of load. Errors by code, endings by the ledger's `finish`, bytes of streams' bodies."""

    mode: Mode
    load: float
    window_s: float
    requests: Counts
    errors: dict[str, int]
    finishes: dict[str, int]
    bullets: int
    rejected: int
    bytes: int
    throughput: Throughput
    goodput: Goodput | None
    seconds: Measures
    generator: Generator

    @property
    def name(self) -> str:
        """As it is called everywhere."""
        return Level(self.mode, self.load).name


class Verdict(_Frozen):
    """What became of one condition on one level."""

    gate: str
    figure: str
    level: str
    passed: bool
    found: float | None
    limit: float


class LoadSummary(_Frozen):
    """All of it. `environment` and `settings` name no host, no path and no key."""

    version: Literal["streamsum-load/1"]
    started_at: str
    interrupted: bool
    environment: dict[str, str | int | float | bool | None]
    settings: dict[str, str | int | float | bool | None]
    levels: tuple[LevelSummary, ...]
    verdicts: tuple[Verdict, ...]


_NUMBERS = ("requests", "ok", "errors", "cut", "bullets", "rejected", "bytes")
_RATES = ("summaries_per_s", "bullets_per_s", "bytes_per_s", "goodput_per_s")
_SHARES = ("error_rate", "goodput_share", "generator_cpu")
_TIMES = tuple(f"{measure}_{statistic}" for measure in (*MEASURES, "generator_lag") for statistic in STATISTICS)

# Every figure of a level by a name of its own, as gates and the columns of summary.csv have them.
KINDS: dict[str, Kind] = {
    **dict.fromkeys((*_NUMBERS, *_RATES), "number"),
    **dict.fromkeys(_SHARES, "share"),
    **{name: "number" if name.endswith("_count") else "time" for name in _TIMES},
}


def figures_of(level: LevelSummary) -> dict[str, float | None]:
    """By name, in the order of `KINDS`; `None`: not known."""
    requests, goodput = level.requests, level.goodput
    counted = (requests.measured, requests.ok, requests.errors, requests.cut)
    numbers = (*counted, level.bullets, level.rejected, level.bytes)
    rates = (*level.throughput.model_dump().values(), goodput and goodput.summaries_per_s)
    error_rate = requests.errors / requests.measured if requests.measured else None
    shares = (error_rate, goodput and goodput.share, level.generator.cpu_share)
    measured = (*(getattr(level.seconds, measure) for measure in MEASURES), level.generator.loop_lag)
    times = (getattr(each, statistic) if each else None for each in measured for statistic in STATISTICS)
    return dict(zip(KINDS, (*numbers, *rates, *shares, *times), strict=True))


def json_schema() -> dict[str, Any]:
    """Of `summary.json`, in JSON Schema's draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **LoadSummary.model_json_schema(mode="serialization"),
    }


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=1))
