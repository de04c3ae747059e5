"""The one line that is left of a summary."""

import io
import json
import logging
from typing import Any

import pytest

from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.telemetry.logs import handler
from streamsum.telemetry.origin import Origin
from streamsum.telemetry.telemetry import Telemetry
from tests.jumping_clock import in_jumping_time
from tests.lived import DOCUMENT, SOURCE, live
from tests.scripted import ScriptedUpstream, refused

STOP = End(Cause.STOP, finish_reason="xyzzy-canary", usage=Usage(prompt_tokens=30, completion_tokens=12))


async def lines_of(
    *upstreams: ScriptedUpstream, key: str = "", origin: Origin | None = None, request: SummaryRequest | None = None
) -> tuple[str, list[dict[str, Any]]]:
    """A summary's id, and all that was printed in the meantime."""
    stream = io.StringIO()
    ours, printer = logging.getLogger("streamsum"), handler("INFO", "json", stream=stream)
    level = ours.level
    ours.addHandler(printer)
    ours.setLevel("INFO")
    try:
        id = await live(*upstreams, telemetry=Telemetry(), key=key, origin=origin, request=request)
    finally:
        ours.removeHandler(printer)
        ours.setLevel(level)
    return id, [json.loads(line) for line in stream.getvalue().splitlines()]


@in_jumping_time
async def test_a_summary_has_one_line() -> None:
    """Whose it was, how it ended, what came of it, and what it cost; the provider's word for its end is not in it."""
    model = ScriptedUpstream(script=[0.25, DOCUMENT], ended=STOP)
    id, (line,) = await lines_of(model, key="the-shop", origin=Origin("request-1"))
    del line["timestamp"]
    assert line == {
        "level": "info",
        "event": "summary ended",
        "summary": id,
        "request_id": "request-1",
        "key": "the-shop",
        "outcome": "completed",
        "finish": "complete",
        "truncated": False,
        "bullets": 2,
        "rejected": 0,
        "duplicates": 0,
        "repaired": 0,
        "first_delta_ms": 250,
        "first_bullet_ms": 250,
        "total_ms": 250,
        "upstream": "scripted",
        "passes": [
            {
                "kind": "first",
                "upstream": "scripted",
                "model": "parrot",
                "cause": "stop",
                "prompt_tokens": 30,
                "completion_tokens": 12,
            }
        ],
    }


@in_jumping_time
async def test_a_failure_has_its_code_and_all_its_calls() -> None:
    """The last that was called is the one that is named."""
    first = ScriptedUpstream(name="a", connecting=[refused(Cause.REJECTED)])
    second = ScriptedUpstream(name="b", connecting=[refused(Cause.TOO_LONG)])
    _, (line,) = await lines_of(first, second)
    assert (line["outcome"], line["code"], line["upstream"]) == ("failed", "context_too_long", "b")
    assert [(one["upstream"], one["cause"]) for one in line["passes"]] == [("a", "rejected"), ("b", "too_long")]
    assert "key" not in line
    assert "request_id" not in line


@in_jumping_time
async def test_nothing_of_a_text_is_in_it() -> None:
    """Nor of what could be told from it: the ledger's digest stays with the client."""
    request = SummaryRequest(text=SOURCE, focus="the reef", on_disconnect="finish")
    _, lines = await lines_of(ScriptedUpstream(script=[DOCUMENT]), request=request)
    for never in ("tower", "storm", "reef", "digest"):
        assert never not in json.dumps(lines)


@in_jumping_time
async def test_where_nobody_has_set_up_a_log_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A library is silent."""
    await live(ScriptedUpstream(script=[DOCUMENT]), telemetry=Telemetry())
    assert capsys.readouterr() == ("", "")
