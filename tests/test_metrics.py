"""The figures themselves: what there is from the start, and what can be a label."""

import time
import timeit
from typing import get_args

import prometheus_client
import pytest

from streamsum import __version__
from streamsum.core.events import Bullet, Finish
from streamsum.core.passes import Cause
from streamsum.errors import PROBLEMS
from streamsum.telemetry.metrics import OUTCOMES, Metrics
from streamsum.telemetry.telemetry import Telemetry
from tests.jumping_clock import in_jumping_time, now
from tests.scrape import Scrape

# Whose values are code of ours, or set by the operator.
LABELS = {"le", "finish", "outcome", "code", "cause", "upstream", "model", "kind", "version"}
# A scrape of a service with three upstreams, all their causes, and every histogram's buckets.
MOST_SERIES = 400


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    metrics.watch(running=lambda: 3, resting=lambda: {"b"}, upstreams=["a", "b", "c"])
    return metrics


def test_a_registry_is_its_apps_own(metrics: Metrics) -> None:
    """Two apps in one process share nothing, and add nothing to anybody else's."""
    metrics.bullets.labels("passed").inc()
    assert Scrape.of(Metrics().exposition())["streamsum_bullets_total"] == 0
    assert b"streamsum" not in prometheus_client.generate_latest()


def test_every_figure_is_there_from_the_start(metrics: Metrics) -> None:
    """What never happened is 0, and not absent."""
    scrape = Scrape.of(metrics.exposition())
    labels = {
        "streamsum_summaries_total": ("finish", get_args(Finish)),
        "streamsum_bullets_total": ("outcome", OUTCOMES),
        "streamsum_problems_total": ("code", PROBLEMS),
        "streamsum_upstream_calls_total": ("cause", list(Cause)),
        "streamsum_upstream_rests_total": ("upstream", "abc"),
        "streamsum_upstream_resting": ("upstream", "abc"),
    }
    for name, (label, values) in labels.items():
        assert {found[label] for found, _ in scrape.samples[name]} == set(values)
    assert scrape.where("streamsum_build_info", version=__version__) == 1
    assert scrape["process_resident_memory_bytes"] > 1 << 20


def test_what_is_asked_when_somebody_looks(metrics: Metrics) -> None:
    """How many run, and who rests."""
    with metrics.listening(), metrics.listening():
        scrape = Scrape.of(metrics.exposition())
    assert scrape["streamsum_summaries_running"] == 3
    assert scrape["streamsum_listeners"] == 2
    assert scrape.above_zero("streamsum_upstream_resting", "upstream") == {"b": 1}
    assert Scrape.of(metrics.exposition())["streamsum_listeners"] == 0


def test_labels_are_few_and_known(metrics: Metrics) -> None:
    """No key's name, no id, nothing that a caller chooses; and none of the library's times of birth."""
    scrape = Scrape.of(metrics.exposition())
    assert {label for found in scrape.samples.values() for labels, _ in found for label in labels} == LABELS - {
        "model",
        "kind",
    }
    assert sum(map(len, scrape.samples.values())) < MOST_SERIES
    assert not [name for name in scrape.samples if name.endswith("_created")]


def test_a_rest_and_a_problem_are_counted(metrics: Metrics) -> None:
    """Without figures they are nothing to anybody."""
    for telemetry in (Telemetry(metrics=metrics), Telemetry()):
        telemetry.note_rest("a")
        telemetry.note_problem("rate_limited")
    scrape = Scrape.of(metrics.exposition())
    assert scrape.above_zero("streamsum_upstream_rests_total", "upstream") == {"a": 1}
    assert scrape.above_zero("streamsum_problems_total", "code") == {"rate_limited": 1}


@in_jumping_time
async def test_a_bullet_costs_microseconds(metrics: Metrics) -> None:
    """All that is done for one, by a generous bound. Deltas cost nothing."""
    telemetry = Telemetry(metrics=metrics)
    observer = telemetry.observe("x" * 22, key="", admitted=0.0)
    bullet = [Bullet(index=0, text="x")]

    def one() -> None:
        observer.note_offered(bullet, first=1)
        observer.note_stored(bullet)
        telemetry.note_sent("x" * 22, 1, now=now(), since=0.0)

    assert min(timeit.repeat(one, timer=time.thread_time, number=1000, repeat=5)) / 1000 < 100e-6
