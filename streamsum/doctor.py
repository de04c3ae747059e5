"""`streamsum doctor`: is everything there that the service needs? Each thing is looked at, and told in a line.

The models are asked for one bullet each, end to end, by the way that a summary goes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Literal

from streamsum import terminal
from streamsum.core.events import Bullet, Event, SummaryCompleted, SummaryFailed
from streamsum.core.passes import End, Prompt
from streamsum.errors import LogDown, RequestRefused, SettingsError
from streamsum.inprocess import summarize
from streamsum.item_model import load
from streamsum.runs.log import EventLog
from streamsum.runs.opening import opened_log
from streamsum.settings import MEMORY, Settings
from streamsum.telemetry.exporting import tracing_of
from streamsum.telemetry.logs import set_up
from streamsum.upstream.base import Capabilities, Reply, Upstream
from streamsum.upstream.build import build_all
from streamsum.upstream.embedded import find_model
from streamsum.upstream.openai import OpenAIUpstream

TEXT = (
    "The Eddystone Rocks lie fourteen miles south-west of Plymouth. The first lighthouse on them was lit in November "
    "1698. A great storm swept it away in 1703."
)

# A store that takes longer is none that a service could stand on.
STORE_S = 5.0
LOOK_AGAIN_S = 0.1

Mark = Literal["ok", "note", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; `note`: it works, and there is something to know."""

    mark: Mark
    what: str
    words: str


async def examine(environment: Mapping[str, str], *, store_s: float = STORE_S) -> int:
    """Look at all of it, and tell; the exit status. `store_s`: how long the event log is waited for."""
    set_up("ERROR", "console")  # what is found is told here
    try:
        settings = Settings.read(environment)
    except SettingsError as error:
        _tell(Finding("FAIL", "settings", str(error)))
        return terminal.BAD_USAGE
    marks = []
    async for finding in _findings(settings, environment, store_s):
        _tell(finding)
        marks.append(finding.mark)
    return terminal.FAILED if "FAIL" in marks else terminal.COMPLETED


def _tell(finding: Finding) -> None:
    print(f"{finding.mark:<5} {finding.what:<16} {finding.words}", flush=True)


async def _findings(settings: Settings, environment: Mapping[str, str], store_s: float) -> AsyncIterator[Finding]:
    yield _settings(environment)
    yield _keys(settings)
    yield _built_in(settings)
    yield await _event_log(settings, store_s)
    if settings.otlp_endpoint or settings.otlp_traces_endpoint:
        yield await _traces(settings)
    try:
        load(settings.item_model)
    except SettingsError as error:
        yield Finding("FAIL", "item model", str(error))
        return
    try:
        upstreams = build_all(settings)
    except SettingsError as error:
        yield Finding("FAIL", "model", str(error))
        return
    for each in upstreams:
        async for finding in _model(each, settings):
            yield finding


def _settings(environment: Mapping[str, str]) -> Finding:
    """By name only: a value may be a secret."""
    known = [each.metadata["variable"] for each in fields(Settings) if "variable" in each.metadata]
    given = [name for name in known if environment.get(name, "").strip()]
    return Finding("ok", "settings", f"set: {', '.join(given)}" if given else "none is set: all by default")


def _keys(settings: Settings) -> Finding:
    if settings.keys:
        return Finding("ok", "keys", f"{len(settings.keys)} in the file")
    if settings.no_keys:
        return Finding("note", "keys", "STREAMSUM_NO_KEYS: whoever reaches the port may spend")
    return Finding("ok", "keys", "none: only this machine is answered")


def _built_in(settings: Settings) -> Finding:
    try:
        file = find_model()
    except SettingsError as error:
        return Finding("note", "built-in model", str(error).splitlines()[0])
    used = "" if settings.asks_built_in else ", and not used"
    return Finding("ok", "built-in model", f"installed ({file.name}){used}")


async def _event_log(settings: Settings, store_s: float) -> Finding:
    if settings.event_log.get_secret_value() == MEMORY:
        return Finding("ok", "event log", "in memory: for one process")
    try:
        async with asyncio.timeout(store_s), opened_log(settings) as log:
            await _reached(log)
    except SettingsError as error:
        return Finding("FAIL", "event log", str(error))
    except (LogDown, TimeoutError):
        return Finding("FAIL", "event log", "Redis does not answer, or refuses us: look at STREAMSUM_EVENT_LOG")
    if not settings.secrets:
        words = "Redis answers; without STREAMSUM_SECRET_FILE nobody goes on with what a dead replica leaves"
        return Finding("note", "event log", words)
    return Finding("ok", "event log", "Redis answers")


async def _reached(log: EventLog) -> None:
    """It takes a moment until a process is known there."""
    while True:
        try:
            return await log.reach()
        except LogDown:
            await asyncio.sleep(LOOK_AGAIN_S)


async def _traces(settings: Settings) -> Finding:
    """Is there what sends them? Whether anybody takes them shows when there are some."""
    try:
        await tracing_of(settings).aclose()
    except SettingsError as error:
        return Finding("FAIL", "traces", str(error))
    return Finding("ok", "traces", "can be sent; the collector is not asked")


async def _model(upstream: Upstream, settings: Settings) -> AsyncIterator[Finding]:
    watched = _Watched(upstream)
    try:
        events = [event async for event in _one_bullet(watched, settings)]
        for mark, words in _judge(watched, events, has_hints=terminal.can_help(settings)):
            yield Finding(mark, upstream.name, words)
    except RequestRefused as refused:  # before it was asked: by what the settings leave room for
        yield Finding("FAIL", upstream.name, f"{upstream.model}: {terminal.explain(refused.problem, has_hints=False)}")
    finally:
        await upstream.aclose()


async def _one_bullet(upstream: Upstream, settings: Settings) -> AsyncIterator[Event]:
    async with summarize(TEXT, upstream=upstream, settings=settings, max_bullets=1, evidence="off") as events:
        async for event in events:
            yield event


def _judge(watched: "_Watched", events: list[Event], *, has_hints: bool) -> Iterator[tuple[Mark, str]]:
    last = events[-1]
    if isinstance(last, SummaryFailed):
        yield "FAIL", f"{watched.model}: {terminal.explain(last.problem, has_hints=has_hints)}"
        return
    if not isinstance(last, SummaryCompleted):  # nothing else is last
        return
    yield "ok", f"{watched.model} answers, the first content after {last.timing.first_delta_ms} ms"
    yield _form(watched.upstream)
    if watched.pieces > 1:
        yield "ok", f"it streams: {watched.pieces} pieces"
    else:
        yield "note", "its answer came in one piece: it does not stream, or something in between holds it back"
    read, written = last.passes[0].prompt_tokens, last.passes[0].completion_tokens
    if read is None or written is None:
        yield "note", "it does not tell what a call costs"
    else:
        yield "ok", f"it tells what a call costs: {read} tokens read, {written} written"
    for event in events:
        if isinstance(event, Bullet):
            yield "ok", f"• {event.text}"


def _form(upstream: Upstream) -> tuple[Mark, str]:
    mode = upstream.asking.output_modes[0] if isinstance(upstream, OpenAIUpstream) else upstream.can.output_mode
    match mode:
        case "json_schema":
            return "ok", "it takes a JSON schema"
        case "json_object":
            return "note", "it takes no JSON schema, but promises JSON"
        case "prompt":
            return "note", "it is asked for JSON by words alone"


@dataclass(slots=True)
class _Watched:
    """An upstream, and in how many pieces its content comes."""

    upstream: Upstream
    pieces: int = field(default=0)

    @property
    def name(self) -> str:
        return self.upstream.name

    @property
    def model(self) -> str:
        return self.upstream.model

    @property
    def can(self) -> Capabilities:
        return self.upstream.can

    @asynccontextmanager
    async def call(self, prompt: Prompt, *, deadline: float) -> AsyncIterator[Reply]:
        async with self.upstream.call(prompt, deadline=deadline) as reply:
            yield _Counted(reply, self)

    async def aclose(self) -> None:
        """Whoever made it closes it."""


class _Counted:
    def __init__(self, reply: Reply, watched: _Watched) -> None:
        self._reply = reply
        self._watched = watched

    async def __aiter__(self) -> AsyncIterator[str]:
        async for text in self._reply:
            self._watched.pieces += bool(text)
            yield text

    def end(self) -> End:
        return self._reply.end()
