"""The dashboard asks for what there is: every expression is held against a scrape of a service that has lived."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from benchmarks.fake_upstream import FakeUpstream, Status, answer, bullets
from tests.promql import Matcher, Query, parse
from tests.scrape import Scrape
from tests.servers import served
from tests.upstreams import settings_of

ROOT = Path(__file__).parent.parent
BOARD: dict[str, Any] = json.loads((ROOT / "manifests/grafana/streamsum.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
OPERATIONS = (ROOT / "docs/operations.md").read_text()

# Prometheus adds them to whatever it scrapes.
ADDED = {"instance", "job"}
# Every process has some of the figures: those of ours are asked for, as they are called there.
JOB = Matcher("job", "=~", "$job")
INTERVAL = "$__rate_interval"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scrape(tmp_path_factory: pytest.TempPathFactory) -> Scrape:
    """After a failover, a rest, a rejection, something mended, and a problem."""
    async with lived(tmp_path_factory.mktemp("dashboard")) as scraped:
        return scraped


@asynccontextmanager
async def lived(folder: Path) -> AsyncIterator[Scrape]:
    async with (
        FakeUpstream((Status(401),)) as first,
        FakeUpstream(answer(bullets("It stood.", "7" * 300))) as second,
        served(None, settings=settings_of(folder, first, second)) as it,
    ):
        for _ in range(6):
            await it.client.post("/v1/summaries", json={"text": "It stood.", "max_bullets": 2})
        await it.client.get("/nowhere")
        yield Scrape.of((await it.client.get("/metrics")).content)


def query_of(expression: str) -> Query:
    return parse(expression.replace(INTERVAL, "5m"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_an_expression_asks_for_what_there_is(expression: str, scrape: Scrape) -> None:
    """Its metrics, their labels, values of those, and what it groups by."""
    query = query_of(expression)
    assert query.selectors
    there: set[str] = set(ADDED)
    for selector in query.selectors:
        assert selector.name in scrape.samples, selector.name
        series = [labels for labels, _ in scrape.samples[selector.name]]
        there |= {label for labels in series for label in labels}
        assert JOB in selector.matchers
        for matcher in set(selector.matchers) - {JOB}:
            values = {labels[matcher.label] for labels in series}
            wanted = matcher.value.split("|") if matcher.operator == "=~" else [matcher.value]
            for each in wanted:
                assert any(re.fullmatch(each, value) for value in values), (selector.name, matcher.label, each)
    assert query.groupings <= there


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_only_grows_is_asked_for_its_rate(expression: str) -> None:
    """And what goes up and down is not."""
    for selector in query_of(expression).selectors:
        grows = selector.name.endswith(("_total", "_bucket", "_sum", "_count"))
        assert (selector.within in {"rate", "increase"}) is grows, selector.name
        if selector.name.endswith("_bucket"):
            assert "le" in query_of(expression).groupings


@pytest.mark.asyncio(loop_scope="module")
async def test_every_figure_is_on_it_and_in_the_documentation(scrape: Scrape) -> None:
    """What nobody looks at need not be counted; what nobody explains is no use."""
    stems = {re.sub(r"_(bucket|sum|count)$", "", name) for name in scrape.samples if name.startswith("streamsum_")}
    shown = " ".join(EXPRESSIONS)
    assert {stem for stem in stems if stem not in shown} == {"streamsum_build_info"}
    explained = set(re.findall(r"^\| `(streamsum_\w+)", OPERATIONS, re.MULTILINE))
    assert explained == stems


def test_one_chooses_among_the_jobs_that_are_ours() -> None:
    """Whatever they are called, and in which Prometheus; all of them, if one does not choose."""
    datasource, job = BOARD["templating"]["list"]
    assert (datasource["name"], datasource["type"]) == ("datasource", "datasource")
    assert (job["name"], job["query"]["query"]) == ("job", "label_values(streamsum_build_info, job)")
    assert job["datasource"]["uid"] == "${datasource}"
    assert job["multi"] and job["includeAll"]  # noqa: PT018


def test_being_full_is_told_from_a_provider_that_is() -> None:
    """Both are `overloaded` to a client."""
    [panel] = [each for each in PANELS if each["title"] == "Limits hit"]
    asked = [selector for target in panel["targets"] for selector in query_of(target["expr"]).selectors]
    assert [each.name for each in asked] == ["streamsum_problems_total", "streamsum_upstream_calls_total"]
    assert Matcher("cause", "=", "overloaded") in asked[1].matchers


[_BLOCK] = re.findall(r"^```promql\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)
ALERTS = [line for line in _BLOCK.splitlines() if not line.startswith("#")]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("expression", ALERTS)
async def test_an_alert_asks_for_what_there_is(expression: str, scrape: Scrape) -> None:
    """Those of docs/operations.md: metrics and labels."""
    for selector in parse(expression).selectors:
        series = [labels for labels, _ in scrape.samples[selector.name]]
        for matcher in selector.matchers:
            values = {labels[matcher.label] for labels in series}
            assert set(matcher.value.split("|")) <= values


def test_a_summary_that_is_full_is_no_alert() -> None:
    """Models overrun `max_bullets` as a rule: then no summary is `complete`, and all is well."""
    whole = [
        matcher.value
        for expression in ALERTS
        for selector in parse(expression).selectors
        for matcher in selector.matchers
        if matcher.label == "finish"
    ]
    assert whole == ["complete|max_bullets"]


def test_panels_are_whole() -> None:
    """Each has a name of its own, says what it shows, and stands beside the others."""
    ids = [panel["id"] for panel in BOARD["panels"]]
    titles = [panel["title"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize(
    "broken",
    [
        "sum(rate(a[5m])",
        "sum(a))",
        "no_such_function(a)",
        'a{b="c',
        '{b="c"}',
        "rate(a_total)",
        "rate(sum(a_total))",
        "rate(sum(a_total)[5m])",
        "sum(a_total) by le",
        "histogram_quantile(sum by (le) (rate(a_bucket[5m])))",
        "histogram_quantile(95, sum by (le) (rate(a_bucket[5m])))",
    ],
)
def test_what_is_no_expression_is_noticed(broken: str) -> None:
    """The reader of them can say no: to what Prometheus would refuse, or answer with nonsense."""
    with pytest.raises(ValueError, match=r"\w"):
        parse(broken)


def test_what_an_expression_is_read_as() -> None:
    """Metrics with their matchers, the function around each if there is one, and the labels that are grouped by."""
    query = parse('sum by (a, le) (rate(m_total{x="1", y=~"2|3"}[5m])) / max(n)')
    assert [(one.name, one.within) for one in query.selectors] == [("m_total", "rate"), ("n", "")]
    assert [(one.label, one.operator, one.value) for one in query.selectors[0].matchers] == [
        ("x", "=", "1"),
        ("y", "=~", "2|3"),
    ]
    assert query.groupings == {"a", "le"}
