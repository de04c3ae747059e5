"""The figures of one process, for Prometheus: https://prometheus.io/docs/practices/naming/.

Every label has few values, known before anything runs: codes of ours, and the operator's own upstreams and models. No
key, no id, nothing that a caller or a model can choose. The registry is the app's own. Nothing here is called for each
delta: per bullet, per call, per summary.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from streamsum import __version__
from streamsum.core.checks import CODES
from streamsum.core.events import Finish
from streamsum.core.passes import Cause
from streamsum.errors import PROBLEMS
from streamsum.telemetry.emission import Emission

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

OUTCOMES = ("passed", "repaired", "rejected")
# For the codes of a user's own item model: there may be any number of them.
OWN_CODE = "own"

# Waiting for a model: tenths, while somebody watches; then where our own clocks stand by default (FIRST_BYTE_S 5,
# STALL_S 30, THINK_S 120), so that the share that kept within them can be read off.
_WAITS_S = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 120)
# Between bullets: one is 20 to 60 tokens, at 20 to 200 tokens a second; below 0.01 they came in one network read.
_GAPS_S = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
# Up to TOTAL_S.
_TOTALS_S = (0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300)
# Our own doing: 0.5 ms is a turn of the loop, 5 ms one by way of Redis; a tenth of a second is felt.
_OURS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5)


class Metrics:
    """All of them; times in seconds."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("streamsum_build", "What is running.", registry=registry).info({"version": __version__})
        gauge, counter = partial(Gauge, registry=registry), partial(Counter, registry=registry)
        histogram = partial(Histogram, registry=registry)

        self._running = gauge("streamsum_summaries_running", "Summaries that run now.")
        self._listeners = gauge("streamsum_listeners", "Connections that follow a summary now.")
        self._resting = gauge("streamsum_upstream_resting", "1 while this upstream rests.", ["upstream"])

        self.summaries = counter("streamsum_summaries", "Summaries that ended, by how.", ["finish"])
        self.bullets = counter("streamsum_bullets", "Elements of the models' answers, by outcome.", ["outcome"])
        self.rejections = counter("streamsum_rejections", "Reasons for which elements were withheld.", ["code"])
        self.calls = counter("streamsum_upstream_calls", "Calls of models, by how they ended.", ["upstream", "cause"])
        self.rests = counter("streamsum_upstream_rests", "How often an upstream was sent to rest.", ["upstream"])
        self.tokens = counter("streamsum_tokens", "Tokens, as the upstreams counted them.", ["model", "kind"])
        self.problems = counter("streamsum_problems", "Answers that were a problem; limits hit are some.", ["code"])

        self.first_delta = histogram(
            "streamsum_first_delta_seconds", "From admission to the model's first content.", buckets=_WAITS_S
        )
        self.first_bullet = histogram(
            "streamsum_first_bullet_seconds", "From admission to the first bullet.", buckets=_WAITS_S
        )
        self.gap = histogram("streamsum_bullet_gap_seconds", "From one bullet to the next.", buckets=_GAPS_S)
        self.total = histogram("streamsum_summary_seconds", "From admission to the last event.", buckets=_TOTALS_S)
        self.emission_lag = histogram(
            "streamsum_emission_lag_seconds", "From a bullet's last check to its first connection.", buckets=_OURS_S
        )
        self.loop_lag = histogram("streamsum_loop_lag_seconds", "How late the event loop is.", buckets=_OURS_S)
        self.emission = Emission(self.emission_lag.observe)
        self._begin_at_zero()

    def watch(
        self, *, running: Callable[[], int], resting: Callable[[], Collection[str]], upstreams: Iterable[str]
    ) -> None:
        """What is asked when somebody looks: how many summaries run, which upstreams (by name) rest."""
        self._running.set_function(running)
        for name in upstreams:
            self._resting.labels(name).set_function(partial(_is_in, name, resting))
            self.rests.labels(name)
            for cause in Cause:
                self.calls.labels(name, cause)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Around a connection that follows a summary."""
        self._listeners.inc()
        try:
            yield
        finally:
            self._listeners.dec()

    def exposition(self) -> bytes:
        """All figures of now, in Prometheus's text format."""
        return generate_latest(_WithoutCreated(self._registry))

    def _begin_at_zero(self) -> None:
        """A figure that is there from the start can be told from one that nobody counts."""
        for finish in get_args(Finish):
            self.summaries.labels(finish)
        for outcome in OUTCOMES:
            self.bullets.labels(outcome)
        for code in (*sorted(CODES), OWN_CODE):
            self.rejections.labels(code)
        for code in PROBLEMS:
            self.problems.labels(code)


def _is_in(name: str, names: Callable[[], Collection[str]]) -> bool:
    return name in names()


class _WithoutCreated(Collector):
    """A registry without the times at which its figures began: half as many again, and nobody asks for them.

    The library can leave them out by itself, but only for the whole process, which may be another's.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    @override
    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [each for each in metric.samples if not each.name.endswith("_created")]
            yield metric
