"""What the service answers is what its document says: schemathesis asks it a thousand questions, half of them wrong.

The service has keys. The model behind it is a fake one, over HTTP, that fails every other time in another way.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from benchmarks.fake_upstream import (
    Content,
    Done,
    FakeUpstream,
    Finish,
    Pause,
    Refusal,
    Reset,
    Role,
    Script,
    Status,
    answer,
    bullets,
)
from streamsum.core.event_stream import EventStreamDecoder
from streamsum.web.openapi.document import document
from streamsum.web.openapi.schemas import EVENTS, PREFIX, event_name
from tests.keys import ALICE, keyed
from tests.programs import run
from tests.servers import served, settings_for

ROOT = Path(__file__).parent.parent
AT_LEAST = 1000
LIMIT_S = 150  # 30 on a machine with nothing else to do

SOUND = answer(bullets("A keeper lived there in 1698.", "A goat lived with the keeper."))
# Slow within its first bullet, so that a preview is drawn of it when somebody listens already.
SLOW: Script = (
    Role(),
    Content('{"bullets": ["A keeper'),
    Pause(0.12),
    Content(" lived there"),
    Pause(0.05),
    *answer(' in 1698."]}')[1:],
)
BROKEN: list[Script] = [
    SLOW,
    answer(bullets("A keeper.", "A keeper.", "", "x" * 2000)),
    answer(bullets("A keeper."))[:2],
    (*answer(bullets("A keeper.", "A goat."))[:2], Reset()),
    (Role(), Content('{"bullets": ["One.", '), Finish("length"), Done()),
    (Role(), Refusal("No."), Finish(), Done()),
    SLOW,
    answer("There is nothing to say."),
    (Role(), Content('{"bullets": ["Two."], "x": NaN}'), Finish("content_filter"), Done()),
    (Status(401),),
]
PASSING: list[Script] = [(Status(500),), (Status(429),)]  # asked again after a moment: it takes its time


def fails_every_other_time(_request: dict[str, Any], n: int) -> Script:
    if n % 100 == 99:
        return PASSING[n // 100 % len(PASSING)]
    return BROKEN[n // 2 % len(BROKEN)] if n % 2 else SOUND


@pytest.mark.slow
async def test_the_live_service_is_as_its_document_says(tmp_path: Path) -> None:
    """No status, header or body that it does not name, no 5xx but those, every event valid; and keys are asked for."""
    async with (
        FakeUpstream(fails_every_other_time) as model,
        served(None, settings=keyed(settings_for(model)), limit_s=LIMIT_S) as service,
    ):
        status, said = await schemathesis_run(f"http://127.0.0.1:{service.port}/openapi.json", within=tmp_path)
    assert status == 0, said
    report = json.loads((tmp_path / "run.json").read_text())
    assert report["operations"]["tested"] == report["operations"]["total"] == operations()
    assert report["test_cases"]["generated"] >= AT_LEAST
    seen = events_of(json.loads((tmp_path / "run.har").read_text()))
    assert set(seen) == {event_name(each) for each in EVENTS}


async def schemathesis_run(url: str, *, within: Path) -> tuple[int | None, str]:
    """Its exit status, and what it had to say; its reports are `run.json` and `run.har` in that folder."""
    status, said, _ = await run(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "tests/schemathesis.toml")),
        *("run", url, "--report", "json,har", "--report-json-path", "run.json", "--report-har-path", "run.har"),
        *("--header", f"Authorization: Bearer {ALICE}"),
        limit_s=LIMIT_S,
        cwd=within,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(within), "NO_COLOR": "1"},
        stderr=asyncio.subprocess.STDOUT,
    )
    return status, said


def operations() -> int:
    return sum(len(item.keys() - {"parameters"}) for item in document()["paths"].values())


def events_of(har: dict[str, Any]) -> dict[str, int]:
    """How many of each event there were, all of them held against the document, by another validator."""
    schemas = {"components": document()["components"]}
    validators = {
        event_name(each): jsonschema.Draft202012Validator({"$ref": PREFIX + each.__name__, **schemas})
        for each in EVENTS
    }
    seen: dict[str, int] = {}
    for entry in har["log"]["entries"]:
        content = entry["response"]["content"]
        if content.get("mimeType", "").startswith("text/event-stream"):
            for event in EventStreamDecoder().feed(content.get("text", "").encode()):
                validators[event.event].validate(json.loads(event.data))
                seen[event.event] = seen.get(event.event, 0) + 1
    return seen
