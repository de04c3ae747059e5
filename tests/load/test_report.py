"""One page, for people, that needs nothing from outside."""

from html.parser import HTMLParser

import pytest
from typing_extensions import override

from benchmarks.load.gates import Gate
from benchmarks.load.report import render
from benchmarks.load.tally import tally
from tests.load.levels import failed, level_run, load_summary, outcome


class Page(HTMLParser):
    """Every tag with its attributes, all words, and whether tags are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.words += data


def page(*, late: float = 0.001, interrupted: bool = False) -> Page:
    run = level_run([outcome(lags=[0.01, 0.02]), outcome(2), failed(3)], late=[late])
    level = tally(run, {"first_bullet": 2})
    verdicts = (Gate.read("error_rate>1%").judge(level), Gate.read("total_p50>9s").judge(level))
    summary = load_summary(level).model_copy(
        update={"interrupted": interrupted, "verdicts": verdicts, "environment": {"python": "<3.11>", "commit": None}}
    )
    return Page(render(summary, [run]))


def test_the_page_is_whole_and_closed() -> None:
    """A table of levels, errors, gates, six plots and a timeline, what it ran on."""
    found = page()
    assert found.open == []
    assert sum(tag == "svg" for tag, _ in found.tags) == 7
    for words in ("concurrency 10", "overloaded", "1 passed, 1 failed", "Emission lag, against the load", "<3.11>"):
        assert words in found.words
    assert "unknown" in found.words


def test_it_asks_nobody_for_anything() -> None:
    """No script, no link, no image, nothing that is loaded; and a policy that forbids it."""
    found = page()
    assert {"script", "link", "img", "iframe", "a", "object", "use"}.isdisjoint(tag for tag, _ in found.tags)
    assert not [name for _, attributes in found.tags for name in attributes if name in {"src", "href", "onload"}]
    policy = [attributes["content"] for tag, attributes in found.tags if "http-equiv" in attributes]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "url(" not in found.words
    assert "@import" not in found.words


@pytest.mark.parametrize(("late", "interrupted", "words"), [(0.5, False, "saturated"), (0, True, "Interrupted")])
def test_what_spoils_the_figures_stands_above_them(late: float, interrupted: bool, words: str) -> None:
    """A generator that could not keep up; a test that was broken off."""
    assert words in page(late=late, interrupted=interrupted).words
    assert words not in page().words
