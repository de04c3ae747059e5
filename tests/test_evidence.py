"""core/evidence.py: where in the source a bullet comes from, and whether its numbers stand there."""

from pathlib import Path
from typing import Any

import pytest

from streamsum.core.evidence import Evidence, Finding
from streamsum.core.source import Source
from tests.effort import calls_of

LIGHTHOUSE = (Path(__file__).parent.parent / "examples" / "lighthouse.txt").read_text(encoding="utf-8")


def find(bullet: str, source: str = LIGHTHOUSE, **more: Any) -> Finding:
    return Evidence(Source(source)).find(bullet, **more)


def shown(finding: Finding, source: str = LIGHTHOUSE) -> list[tuple[str, str]]:
    return [(source[span.start : span.end], span.match) for span in finding.spans]


@pytest.mark.parametrize(
    "bullet",
    [
        "The Eddystone Rocks lie fourteen miles south-west of Plymouth.",
        "Winstanley's lighthouse was lit in November 1698.",
        "The Great Storm of 1703 swept the tower away.",
        "The second tower stood for 46 years.",
        "The keeper, Henry Hall, was 94 years old.",
        "Smeaton's light was lit in 1759 with 24 candles.",
        "In 1882 James Douglass finished a new tower.",
    ],
)
def test_what_the_source_says_is_supported(bullet: str) -> None:
    """By its own words, exactly as they stand there."""
    finding = find(bullet)
    assert finding.supported
    assert finding.numbers_hold
    assert all(match == "attributed" and text[-1] == "." for text, match in shown(finding))


# As the built-in model writes now and then, and as people do.
@pytest.mark.parametrize(
    ("bullet", "lacks"),
    [
        ("The first lighthouse was lit in November 1798.", "number"),
        ("The Eddystone Rocks are 14,000 miles from Plymouth.", "number"),
        ("The second tower stood for 47 years until a candle set the lantern on fire.", "number"),
        ("Smeaton lit forty-two candles in 1759.", "number"),
        ("The keeper was 12 years old.", "number"),
        ("Smeaton's tower was paid for by King George with a loan from Dutch bankers.", "support"),
        ("The lighthouse was visited by thousands of tourists every summer.", "support"),
        ("James Douglass lost two ships on the reef.", "support"),
    ],
)
def test_what_it_does_not_say_is_not(bullet: str, lacks: str) -> None:
    """A false number is no less false where the rest is true."""
    finding = find(bullet)
    assert not (finding.numbers_hold if lacks == "number" else finding.supported)


def test_a_quotation_is_the_evidence() -> None:
    """Exact text, even where the spelling is another; a score that says so."""
    finding = find("It stood close to half a century.", quote="for forty-six years until a candle")
    assert shown(finding) == [("for forty-six years until a candle", "verbatim")]
    assert finding.spans[0].score == 1
    near = find("It burned down.", quote="until a candle had set the lantern on fire in 1755")
    assert shown(near)[0][1] == "close"
    assert near.supported


def test_a_quotation_that_is_not_there_falls_back_on_the_words() -> None:
    """Of the bullet."""
    finding = find("Smeaton's light was lit in 1759.", quote="the light of Smeaton began to shine")
    assert finding.supported
    assert ("His light was lit in 1759 with twenty-four candles.", "attributed") in shown(finding)


def test_a_quotation_does_not_prove_what_has_nothing_to_do_with_it() -> None:
    """It is shown, but does not support."""
    finding = find("Dutch bankers paid with gold from Java for all of it.", quote="molten lead from the roof")
    assert finding.spans
    assert not finding.supported


def test_a_quotation_over_several_sentences_is_of_its_first_and_last() -> None:
    """And supports what both say."""
    quote = "he threw water upwards from a bucket, and molten lead from the roof fell into his throat. He died twelve"
    finding = find("The keeper died twelve days after molten lead fell into his throat.", quote=quote)
    assert finding.supported
    assert shown(finding)[0][0] == quote


def test_another_language_is_proved_by_quotations_and_numbers_alone() -> None:
    """A score would mean nothing."""
    finding = find("Der Turm wurde 1698 angezündet.", attribute=False)
    assert finding == Finding((), supported=False, numbers_hold=True)
    quoted = find("Der Turm wurde 1699 angezündet.", attribute=False, quote="lit in November 1698")
    assert quoted.supported
    assert not quoted.numbers_hold


@pytest.mark.parametrize("bullet", ["", "…", "It is.", "😀"])
def test_a_bullet_that_says_nothing_has_no_evidence(bullet: str) -> None:
    """And none of it is false."""
    assert find(bullet) == Finding((), supported=False, numbers_hold=True)
    assert find(bullet, source="") == Finding((), supported=False, numbers_hold=True)


def test_what_is_hardly_supported_is_not_shown() -> None:
    """A word in common is no evidence."""
    assert find("Goats and sheep grazed on the Hoe in winter, and hay was brought by boat from Cornwall.").spans == ()


@pytest.mark.parametrize(
    ("source", "bullet", "there"),
    [
        (
            "東海道新幹線は1964年10月1日に開業した。最高速度は時速210キロだった。",
            "最高速度は時速210キロである。",
            "最高速度は時速210キロだった。",
        ),
        ("我们今天去北京。明天大家回上海。", "大家明天回上海。", "明天大家回上海。"),
        ("😀 The tower was lit. İzmir was not. Ünal wrote it down.", "Ünal wrote it.", "Ünal wrote it down."),
        ("Cafe\u0301 Béla was shut. The tower was lit.", "The tower was lit.", "The tower was lit."),
    ],
)
def test_offsets_are_those_of_the_text_as_it_is(source: str, bullet: str, there: str) -> None:
    """In code points, whatever the characters before them take."""
    assert shown(find(bullet, source), source) == [(there, "attributed")]


@pytest.mark.parametrize(
    "unit",
    [
        "word ",
        "tower 1698. ",
        "a" * 7,
        "1",
        "1 ",
        "1,",
        "7.30 ",
        "東京都",
        "二十",
        ". ",
        ".",
        ".'",
        "\n",
        "\n \n",
        "two hundred and ",
        "A B. C. ",
        "é",
        "e\u0301",
        "\u0301",
        "Mr. ",
        "half of a ",
    ],
)
def test_work_does_not_grow_faster_than_the_text(unit: str) -> None:
    """However the text is made: four times the text is four times the work, with room for what is done in steps."""
    bullet = "The tower of two hundred and 30 words was half lit in 1698 by 東京都 and A. B. Word."

    def calls_for(chars: int) -> int:
        """To index as much, and to look for the bullet in it."""
        source = unit * (chars // len(unit))
        return calls_of(lambda: Evidence(Source(source)).find(bullet, quote=bullet))

    assert calls_for(28_000) <= 4.4 * calls_for(7_000) + 1_000  # words are noted of both


LONG = ["tower " * 160, "Tower Reef Storm " * 60, "1 2 3 4 5 " * 100, "東京都庁" * 250, "two " * 250]


@pytest.mark.parametrize("bullet", LONG)
def test_a_long_bullet_costs_a_bounded_amount_of_work(bullet: str) -> None:
    """Of a thousand characters, against a text that has all its words everywhere."""
    source = "The Tower and the Reef, the Storm and 1 2 3 4 5 of 東京都庁 two. " * 200
    index = Evidence(Source(source))
    assert calls_of(lambda: index.find(bullet[:1_000])) < 150_000
