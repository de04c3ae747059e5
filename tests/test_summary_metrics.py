"""What a summary's life adds to the figures."""

import pytest

from streamsum.core.events import Bullet, SummaryCreated
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, Usage
from streamsum.telemetry.metrics import Metrics
from streamsum.telemetry.summary_metrics import SummaryMetrics
from streamsum.telemetry.telemetry import Telemetry
from tests.jumping_clock import in_jumping_time, now
from tests.lived import DOCUMENT, HEAD, SOURCE, live
from tests.scrape import Scrape
from tests.scripted import Changing, ScriptedUpstream, refused

REST = DOCUMENT.removeprefix(HEAD)
STOP = End(Cause.STOP, finish_reason="stop", usage=Usage(prompt_tokens=30, completion_tokens=12))


async def figures_of(*upstreams: ScriptedUpstream, request: SummaryRequest | None = None) -> Scrape:
    metrics = Metrics()
    await live(*upstreams, telemetry=Telemetry(metrics=metrics), request=request)
    return Scrape.of(metrics.exposition())


@in_jumping_time
async def test_times_are_counted_from_admission() -> None:
    """To the first content, to the first bullet, between bullets, and to the end."""
    model = ScriptedUpstream(script=[1.0, HEAD[:9], 0.5, HEAD[9:], 0.25, REST, 0.1], ended=STOP)
    figures = await figures_of(model)
    sums = {
        "streamsum_first_delta_seconds": 1.0,
        "streamsum_first_bullet_seconds": 1.5,
        "streamsum_bullet_gap_seconds": 0.25,
        "streamsum_summary_seconds": 1.85,
    }
    for name, seconds in sums.items():
        assert figures[f"{name}_count"] == 1
        assert figures[f"{name}_sum"] == pytest.approx(seconds, abs=0.01)


@in_jumping_time
async def test_ends_calls_and_tokens_are_counted() -> None:
    """By finish, by upstream and cause, by model and kind."""
    figures = await figures_of(ScriptedUpstream(script=[DOCUMENT], ended=STOP))
    assert figures.above_zero("streamsum_summaries_total", "finish") == {"complete": 1}
    assert figures.where("streamsum_upstream_calls_total", upstream="scripted", cause="stop") == 1
    assert figures.where("streamsum_tokens_total", model="parrot", kind="prompt") == 30
    assert figures.where("streamsum_tokens_total", model="parrot", kind="completion") == 12
    assert figures.above_zero("streamsum_bullets_total", "outcome") == {"passed": 2}


@in_jumping_time
async def test_tokens_that_nobody_counted_are_none() -> None:
    """No guess."""
    figures = await figures_of(ScriptedUpstream(script=[DOCUMENT]))
    assert figures["streamsum_tokens_total"] == 0


@in_jumping_time
async def test_each_failed_call_is_counted_by_its_cause() -> None:
    """That of the one that failed, and that of the one that went on."""
    first = ScriptedUpstream(name="a", connecting=[refused(Cause.REJECTED)])
    second = ScriptedUpstream(name="b", script=[DOCUMENT], ended=STOP)
    figures = await figures_of(first, second)
    assert figures.where("streamsum_upstream_calls_total", upstream="a") == 1
    assert figures.where("streamsum_upstream_calls_total", upstream="a", cause="rejected") == 1
    assert figures.where("streamsum_upstream_calls_total", upstream="b", cause="stop") == 1


@in_jumping_time
async def test_an_end_behind_the_document_is_no_failure() -> None:
    """It is counted as what it says of the upstream."""
    figures = await figures_of(ScriptedUpstream(script=[DOCUMENT], ended=End(Cause.CUT)))
    assert figures.where("streamsum_upstream_calls_total", cause="stop") == 1


@in_jumping_time
async def test_what_is_withheld_is_counted_by_its_reasons() -> None:
    """And what a second call mends as such."""
    request = SummaryRequest(text=SOURCE, evidence="require", on_disconnect="finish")
    bad = '{"bullets": ["The tower was lit in 1798.", "A great storm destroyed it in November.", 7]}'
    model = Changing(answers=[bad, '{"bullets": ["The tower was lit in 1698."]}'])
    figures = await figures_of(model, request=request)
    assert figures.above_zero("streamsum_bullets_total", "outcome") == {"passed": 1, "repaired": 1, "rejected": 2}
    assert figures.above_zero("streamsum_rejections_total", "code") == {"unsupported_number": 1, "schema": 1}
    assert figures["streamsum_upstream_calls_total"] == 2
    assert figures["streamsum_first_bullet_seconds_count"] == 1


@in_jumping_time
async def test_what_is_only_offered_to_the_log_is_not_counted() -> None:
    """It may never be stored; but from then on it is on its way to who listens."""
    metrics = Metrics()
    summary = SummaryMetrics(metrics, "a", admitted=now())
    summary.note_offered(
        [SummaryCreated(id="a", model="m", max_bullets=5, created_at="-"), Bullet(index=0, text="x")], first=1
    )
    metrics.emission.end("a", 2, now=now(), since=now())
    figures = Scrape.of(metrics.exposition())
    assert figures.above_zero("streamsum_bullets_total", "outcome") == {}
    assert figures["streamsum_first_bullet_seconds_count"] == 0
    assert figures["streamsum_emission_lag_seconds_count"] == 1


@in_jumping_time
async def test_what_another_process_began_had_its_firsts_there() -> None:
    """Its age is no time to a first bullet."""
    metrics = Metrics()
    summary = SummaryMetrics(metrics, "a", admitted=now() - 100, is_new=False)
    summary.note_content(first=True)
    summary.note_stored([Bullet(index=3, text="x"), Bullet(index=4, text="y")])
    figures = Scrape.of(metrics.exposition())
    assert figures["streamsum_first_delta_seconds_count"] == figures["streamsum_first_bullet_seconds_count"] == 0
    assert figures["streamsum_bullet_gap_seconds_count"] == 1
