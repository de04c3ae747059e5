"""A service in whose every place a canary is planted, and a watch over all that it records: does one sing anywhere?

All is at DEBUG, the libraries' loggers too, which no operator can have: whatever they say comes to our own handler.
"""

import io
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streamsum.api_key import digest_of
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.keys_file import Key
from streamsum.runs.log import EventLog
from streamsum.settings import LogFormat, Settings
from streamsum.telemetry.logs import set_up
from streamsum.telemetry.otel import OtelTracing
from streamsum.upstream.given import Given
from streamsum.web.patience import Patience
from tests.keys import bearer, key_for
from tests.servers import Served, served

# In every text that is planted, whatever else it says.
CANARY = "canary"
SOURCE = "A canary sang in the shaft, and the miners left it. The canary was lit in 1698."
FOCUS = "what the canary saw"
# The callers' keys: one with limits that are never hit, and whatever a test says of the others.
CALLER, OTHER, DISABLED = (f"ssk_{f'canary{n}':x<43}" for n in range(3))
BOUNDLESS = {"requests_per_minute": 60_000, "streams": 10_000, "tokens_per_day": 10**12}
HEADERS = {
    **bearer(CALLER),
    "Cookie": "session=canary",
    "User-Agent": "canary/1.0",
    "Referer": "http://canary.example/canary?canary",
    "X-Forwarded-For": "canary",
    "traceparent": "canary",
    "tracestate": "canary=canary",
    "baggage": "canary=canary",
}
KEY = "sk-canary-upstream"
# A key's digest opens nothing, but it has no business outside its file either.
SONGS = (CANARY, *(digest_of(key).hex() for key in (CALLER, OTHER, DISABLED)))


class Watch:
    """What was recorded of a service, and what it answered beside bullets."""

    def __init__(self, it: Served, exporter: InMemorySpanExporter, said: io.StringIO) -> None:
        self.it = it
        self._exporter = exporter
        self._said = said
        self._answers: list[str] = []
        self.seen: dict[str, str] = {}

    async def post(self, **more: object) -> None:
        """A summary, to its end."""
        await self.ask("POST", "/v1/summaries", json={"text": SOURCE, "focus": FOCUS, **more})

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, json: object = None
    ) -> httpx2.Response:
        """Anything."""
        response = await self.it.client.request(method, path, headers={**HEADERS, **(headers or {})}, json=json)
        self.note_answer(response)
        return response

    async def get(self, path: str) -> None:
        """The same by a query."""
        params = {"q" if path == "/stream" else "text": SOURCE, "focus": FOCUS}
        self.note_answer(await self.it.client.get(path, params=params, headers=HEADERS))

    def note_answer(self, response: httpx2.Response) -> None:
        """Headers, and the body but for bullets, which are what was asked for."""
        told: list[Any] = [dict(response.headers)]
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            events = [json.loads(event.data) for event in EventStreamDecoder().feed(response.content)]
            told += [event for event in events if event["type"] not in {"bullet", "bullet.delta"}]
        elif response.headers.get("content-type") == "application/json":
            told.append({name: value for name, value in response.json().items() if name != "bullets"})
        else:
            told.append(response.text)
        self._answers.append(json.dumps(told))

    async def look(self) -> None:
        """See what is recorded by now; call it while the service is there."""
        scrape = await self.it.client.get("/metrics", headers=bearer(OTHER))
        self.seen |= {"figures": scrape.text, "answers": "\n".join(self._answers)}

    def close(self) -> None:
        """See the rest: all that was said, and every span."""
        self.seen["log"] = self._said.getvalue()
        self.seen["traces"] = "\n".join(span.to_json() for span in self._exporter.get_finished_spans())

    def leaks(self) -> list[str]:
        """Where a canary sings: the place, and the line."""
        for place in ("figures", "answers", "log", "traces"):
            assert self.seen[place], f"nothing was recorded: {place}"
        return [
            f"{place}: {line}"
            for place, text in self.seen.items()
            for line in text.splitlines()
            if any(song in line.lower() for song in SONGS)
        ]


def keys(**limits: int) -> tuple[Key, ...]:
    """Of the caller, with these limits; of somebody without any; and one that opens nothing."""
    caller, other = key_for("the-shop", CALLER, **limits), key_for("the-press", OTHER)
    return caller, other, key_for("who-left", DISABLED, disabled=True)


@asynccontextmanager
async def watched(
    upstream: Given | None,
    capfd: pytest.CaptureFixture[str],
    *,
    settings: Settings | None = None,
    patience: Patience | None = None,
    keyed: bool = True,
    log: EventLog | None = None,
    form: LogFormat = "json",
) -> AsyncIterator[Watch]:
    """Look at `leaks()` behind the block; `settings` without keys get some, or it is not `keyed`.

    Logging must be restored by the test (`sober_logging`).
    """
    settings = settings or Settings()
    if keyed and not settings.keys:
        settings = replace(settings, keys=keys(**BOUNDLESS))
    said, exporter = io.StringIO(), InMemorySpanExporter()
    set_up("DEBUG", form, stream=said)
    logging.getLogger().setLevel("DEBUG")
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel("DEBUG")
    tracing = OtelTracing(exporter)
    capfd.readouterr()
    async with served(upstream, settings=settings, patience=patience, log=log, tracing=tracing, limit_s=60) as it:
        watch = Watch(it, exporter, said)
        yield watch
        await watch.look()
    await tracing.aclose()
    watch.close()
    watch.seen["output"] = "".join(capfd.readouterr())
