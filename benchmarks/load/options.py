"""What a load test is to do, read from the command line: all that is wrong with it is said before anything starts."""

import argparse
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.command_line import parser
from benchmarks.load.compare import levels_in_common, read_summary
from benchmarks.load.gates import Gate
from benchmarks.load.level import MAX_DURATION_S, MAX_IN_FLIGHT, MAX_LEVELS, MAX_RATE, MAX_REQUESTS, Level, Pacing
from benchmarks.load.objectives import Objectives, read_objectives
from benchmarks.load.quantities import read_quantity
from benchmarks.load.summary import LoadSummary
from benchmarks.load.target import Target
from benchmarks.load.texts import Text, built_in, read_texts

DEFAULT_DURATION_S = 10.0

# The contract's: no request may ask for more.
MAX_BULLETS = 50

# Levels of its log at which a service does.
_SAYS_WHERE = ("DEBUG", "INFO")

_SETTING = re.compile(r"(STREAMSUM_[A-Z_]+)=(.*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The fake upstream of a run without `--url`: what it answers, and how fast."""

    bullets: int
    pace: float
    first_token_delay_s: float

    @property
    def arguments(self) -> tuple[str, ...]:
        """As it takes them."""
        return "--pace", f"{self.pace}", "--first-token-delay", f"{self.first_token_delay_s}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`target` is None where service and fake upstream are to be started; `fields` go into each request."""

    target: Target | None
    levels: tuple[Level, ...]
    pacing: Pacing
    timeout_s: float
    texts: tuple[Text, ...]
    fields: Mapping[str, Any]
    journal: Path | None
    upstream: Upstream
    service_settings: Mapping[str, str]
    objectives: Objectives
    gates: tuple[Gate, ...]
    old: LoadSummary | None
    tolerance: float
    out: Path

    @classmethod
    def read(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> "Options":
        """Raises SystemExit, as argparse does, with status 2."""
        parsing = parser()
        given = parsing.parse_args(arguments)
        try:
            return _options(given, environment)
        except ValueError as error:
            parsing.error(str(error))


def _options(given: argparse.Namespace, environment: Mapping[str, str]) -> Options:
    if given.url is None and given.journal is not None:
        raise ValueError("--journal: without --url the fake upstream keeps one of its own")
    if given.url is not None and given.set:
        raise ValueError("--set: the service at --url has its settings already")
    levels = _levels(given)
    return Options(
        target=_target(given, environment),
        levels=levels,
        pacing=_pacing(given),
        timeout_s=_bounded("--timeout", read_quantity(given.timeout, "time"), MAX_DURATION_S),
        texts=read_texts(given.texts) if given.texts else built_in(),
        fields=_fields(given),
        journal=_journal(given.journal),
        upstream=_upstream(given),
        service_settings=dict(_setting(each) for each in given.set),
        objectives=read_objectives(given.slo) if given.slo else {},
        gates=tuple(Gate.read(each) for each in given.fail_if),
        old=_old(given.compare, levels) if given.compare else None,
        tolerance=read_quantity(given.tolerance, "share"),
        out=given.out,
    )


def _target(given: argparse.Namespace, environment: Mapping[str, str]) -> Target | None:
    if given.url is None:
        return None
    key = given.key or environment.get("STREAMSUM_KEY")
    return Target.read(given.url, key=key, allow_remote=given.allow_remote)


def _journal(file: Path | None) -> Path | None:
    """It may not be there before the first call; what is no file now will be none after the last."""
    if file is not None and file.exists() and not (file.is_file() and os.access(file, os.R_OK)):
        raise ValueError("--journal: a file that can be read is wanted")
    return file


def _levels(given: argparse.Namespace) -> tuple[Level, ...]:
    if given.rate is not None:
        levels = [
            Level("open", _bounded("--rate", _number("--rate", each), MAX_RATE)) for each in given.rate.split(",")
        ]
    else:
        numbers = [_count("--concurrency", each, MAX_IN_FLIGHT) for each in given.concurrency.split(",")]
        levels = [Level("closed", number) for number in numbers]
    if len(set(levels)) < len(levels) or len(levels) > MAX_LEVELS:
        raise ValueError(f"up to {MAX_LEVELS} levels of load, all different, are wanted")
    return tuple(levels)


def _pacing(given: argparse.Namespace) -> Pacing:
    times = {name: read_quantity(getattr(given, name), "time") for name in ("ramp_up", "warm_up")}
    duration = None if given.duration is None else read_quantity(given.duration, "time")
    requests = None if given.requests is None else _count("--requests", given.requests, MAX_REQUESTS)
    if duration is None and requests is None:
        duration = DEFAULT_DURATION_S
    if duration is not None:
        _bounded("--duration", duration, MAX_DURATION_S)
    if sum(times.values()) > MAX_DURATION_S:
        raise ValueError(f"--ramp-up, --warm-up: together at most {MAX_DURATION_S:g} s")
    return Pacing(
        ramp_up_s=times["ramp_up"],
        warm_up_s=times["warm_up"],
        duration_s=duration,
        requests=requests,
        seed=_seed(given.seed),
    )


def _upstream(given: argparse.Namespace) -> Upstream:
    return Upstream(
        bullets=_count("--bullets", given.bullets, MAX_BULLETS),
        pace=_number("--pace", given.pace),
        first_token_delay_s=read_quantity(given.first_token_delay, "time"),
    )


def _fields(given: argparse.Namespace) -> dict[str, Any]:
    try:
        fields = json.loads(given.body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or {"text", "stream"} & set(fields):
        raise ValueError("--body: a JSON object is wanted, without text and stream: these are ours")
    # As many as our own model will write: a service that has enough hangs up, and that is another test.
    return fields if given.url else {"max_bullets": _count("--bullets", given.bullets, MAX_BULLETS), **fields}


def _setting(text: str) -> tuple[str, str]:
    if (found := _SETTING.fullmatch(text)) is None:
        raise ValueError("--set: STREAMSUM_NAME=VALUE is wanted")
    if found[1] == "STREAMSUM_LOG_FORMAT" or (found[1] == "STREAMSUM_LOG_LEVEL" and found[2] not in _SAYS_WHERE):
        raise ValueError("--set: the service's log says where it listens, as JSON: leave it so")
    return found[1], found[2]


def _old(file: Path, levels: tuple[Level, ...]) -> LoadSummary:
    old = read_summary(file)
    if not levels_in_common(old, {level.name for level in levels}):
        raise ValueError("--compare: no level of load is the same as one there")
    return old


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError("--seed: a whole number is wanted")
    return int(text)


def _count(option: str, text: str, most: int) -> int:
    if not re.fullmatch(r"\s*\d{1,9}\s*", text, re.ASCII) or not 1 <= int(text) <= most:
        raise ValueError(f"{option}: a whole number from 1 to {most} is wanted, not {text!r}")
    return int(text)


def _number(option: str, text: str) -> float:
    try:
        return read_quantity(text, "number")
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error


def _bounded(option: str, value: float, most: float) -> float:
    if not 0 < value <= most:
        raise ValueError(f"{option}: more than 0, and at most {most:g}")
    return value
