"""runs/admission.py: who takes a summary on, before anything is spent."""

import pytest

from streamsum.core.models import SummaryRequest
from streamsum.errors import RequestRefused
from streamsum.runs.admission import Admission
from streamsum.upstream.base import Capabilities
from tests.scripted import ScriptedUpstream

LONG = SummaryRequest(text="A sentence like any other. " * 4000)  # 13,000 tokens at least


def model(name: str, context_tokens: int | None) -> ScriptedUpstream:
    return ScriptedUpstream(model=name, can=Capabilities(context_tokens=context_tokens))


SMALL, LARGE, UNKNOWN = model("small", 8192), model("large", 128_000), model("unknown", None)


@pytest.mark.parametrize(
    ("upstreams", "chosen"),
    [((SMALL, LARGE), LARGE), ((LARGE, SMALL), LARGE), ((SMALL, UNKNOWN), UNKNOWN), ((UNKNOWN, LARGE), UNKNOWN)],
)
def test_the_first_that_may_take_it_is_chosen(upstreams: list[ScriptedUpstream], chosen: ScriptedUpstream) -> None:
    """One whose context nobody knows may."""
    assert Admission(upstreams=upstreams).choose(LONG)[0] is chosen


def test_what_nobody_can_take_is_refused_with_what_would_fit() -> None:
    """By the largest of those that were asked for; and what would fit does."""
    admission = Admission(upstreams=[model("a", 4096), SMALL])
    with pytest.raises(RequestRefused) as caught:
        admission.choose(LONG)
    problem = caught.value.problem
    assert (problem.status, problem.code) == (422, "context_too_long")
    assert problem.max_chars is not None
    assert 20_000 < problem.max_chars < 40_000
    fitting = LONG.model_copy(update={"text": LONG.text[: problem.max_chars]})
    assert admission.choose(fitting) == [SMALL]


def test_a_model_that_was_named_is_not_replaced() -> None:
    """Though another would take it."""
    with pytest.raises(RequestRefused):
        Admission(upstreams=[SMALL, LARGE]).choose(LONG.model_copy(update={"model": "small"}))


def test_every_model_is_offered_once_with_its_limits() -> None:
    """The default first; of two that serve one model the larger counts, and what is not known is None."""
    offers = Admission(upstreams=[SMALL, model("small", 16_384), LARGE, UNKNOWN, model("large", None)]).offers()
    assert [(offer.id, offer.default, offer.context_tokens) for offer in offers] == [
        ("small", True, 16_384),
        ("large", False, None),
        ("unknown", False, None),
    ]
    assert [offer.max_chars is None for offer in offers] == [False, True, True]


def test_a_text_as_long_as_is_offered_is_taken() -> None:
    """With the default request, and whatever it is made of."""
    admission = Admission(upstreams=[SMALL])
    max_chars = admission.offers()[0].max_chars
    assert max_chars is not None
    assert 24_000 < max_chars < 32_000
    assert admission.choose(SummaryRequest(text="x" * max_chars)) == [SMALL]


GERMAN = "Der Turm stand auf dem Riff, und der Sturm riss ihn fort. Es war im November, und niemand wurde gerettet."


def test_bullets_in_another_language_are_proved_by_quotes_alone() -> None:
    """Required evidence goes to who can quote; where nobody can, the request is refused by its field."""
    quoting = ScriptedUpstream(model="quoting", can=Capabilities(quotes=True))
    request = SummaryRequest(text=GERMAN, language="en", evidence="require")
    assert Admission(upstreams=[UNKNOWN, quoting]).choose(request) == [quoting]
    with pytest.raises(RequestRefused) as caught:
        Admission(upstreams=[UNKNOWN]).choose(request)
    assert caught.value.problem.status == 422
    (error,) = caught.value.problem.errors or ()
    assert (error.loc, error.code) == (("evidence",), "not_with_language")
    for more in ({"language": "de"}, {"language": None}, {"evidence": "attach"}):
        assert Admission(upstreams=[UNKNOWN]).choose(request.model_copy(update=more)) == [UNKNOWN]
