"""core/cost.py and runs/meter.py: what a summary is expected to cost, and what it is charged."""

import pytest

from streamsum.core.context import usual_tokens
from streamsum.core.cost import expected, spent
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End, Prompt, Usage
from streamsum.runs.meter import Meter


def test_a_text_has_a_token_for_four_bytes() -> None:
    """A part of one is one; what has no UTF-8 counts too."""
    for text, tokens in (("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本語", 3), ("\ud800", 1)):
        assert usual_tokens(text) == tokens


def test_expected_is_the_prompt_and_the_longest_answer() -> None:
    """The source counts, and so does what is asked for."""
    short = expected(SummaryRequest(text="a"), max_tokens=None)
    assert expected(SummaryRequest(text="a" * 4001), max_tokens=None) == short + 1000
    assert expected(SummaryRequest(text="a", max_bullets=10), max_tokens=None) > short + 5 * 140
    assert expected(SummaryRequest(text="a"), max_tokens=None, quotes=True) > short
    assert expected(SummaryRequest(text="a"), max_tokens=100) in range(150, 350)


@pytest.mark.parametrize(
    ("end", "received", "tokens"),
    [
        (End(Cause.STOP, usage=Usage(200, 50)), 7, 250),
        (End(Cause.STOP, usage=Usage(200, None)), 7, 207),
        (End(Cause.STOP, usage=Usage(None, 50)), 7, 150),
        (End(Cause.STOP, usage=Usage(0, 0)), 7, 0),
        (End(Cause.STOP, usage=Usage()), 7, 107),
        (End(Cause.STOP), 7, 107),
        (End(Cause.CANCELLED), 7, 107),
        (End(Cause.CLOSED_BY_US), 7, 107),
        (End(Cause.ERROR), 7, 107),
        (End(Cause.ERROR), 0, 0),
        (End(Cause.REJECTED), 0, 0),
        (End(Cause.OVERLOADED), 0, 0),
        (End(Cause.TOO_LONG), 0, 0),
        (End(Cause.ERROR, usage=Usage(200, 0)), 0, 200),
        (End(Cause.TIMEOUT), 0, 100),
        (End(Cause.CANCELLED), 0, 100),
        (End(Cause.CUT), 0, 100),
    ],
)
def test_what_a_call_has_cost(end: End, received: int, tokens: int) -> None:
    """What its server says; else what it was sent, if it has worked on it, and what came."""
    assert spent(end, sent=100, received=received) == tokens


def prompt(user: str) -> Prompt:
    return Prompt(system="s" * 40, user=user, schema={}, max_tokens=100)


def test_a_meter_adds_up_all_calls() -> None:
    """Counted or estimated, each for itself."""
    meter = Meter()
    meter.begin(prompt("u" * 360))
    meter.received_chars += 80
    meter.end(End(Cause.CUT))
    assert meter.tokens == 100 + 20
    meter.begin(prompt("u" * 360))
    meter.end(End(Cause.STOP, usage=Usage(7, 5)))
    assert meter.tokens == 120 + 12
    meter.begin(prompt("u"))
    meter.end(End(Cause.REJECTED))
    meter.end(End(Cause.ERROR))  # a call that was never made
    assert meter.tokens == 132


def test_an_answer_is_weighed_in_the_script_that_it_answers() -> None:
    """Where a character takes three bytes, it takes nearly a token."""
    meter = Meter()
    meter.begin(Prompt(system="", user="日" * 400, schema={}, max_tokens=100))
    meter.received_chars += 100
    meter.end(End(Cause.CUT))
    assert meter.tokens == 300 + 75


def test_thinking_is_paid_for() -> None:
    """Who leaves while a model thinks has made it think."""
    meter = Meter()
    meter.begin(prompt("u" * 360))
    meter.received_chars += 40
    meter.end(End(Cause.CANCELLED, thought_chars=4000))
    assert meter.tokens == 100 + 1010
