"""The core over a corpus of documents, sound and broken: each alone, and as one element among others."""

import pytest

from tests import corpus, judge
from tests.playing import every_cut, finish, outline, play

TEXTS = corpus.STRICT | corpus.BROKEN


def test_the_corpus_is_what_it_says() -> None:
    """The standard library's parser agrees on every text, and there are enough of them."""
    assert not [name for name, text in corpus.STRICT.items() if not judge.is_strict(text)]
    assert not [name for name, text in corpus.BROKEN.items() if judge.is_strict(text)]
    assert len(TEXTS) == len(corpus.STRICT) + len(corpus.BROKEN) > 250


def check(text: str) -> None:
    """Every cut gives the same; what a strict parser takes gives what is in it, and nothing else is `complete`."""
    events, last = played = play([text])
    for cut in every_cut(text):
        assert play(cut) == played, cut
    assert [event.index for event in events if event.type == "bullet"] == list(
        range(sum(event.type == "bullet" for event in events))
    )
    document = judge.region(text)
    if document is None:
        assert finish(last) != "complete"
    elif expected := judge.expected(document, max_bullets=5):
        assert (outline(events), finish(last)) == expected
    else:
        assert finish(last) in {"limit", "failed:limit"}


@pytest.mark.parametrize("name", TEXTS)
def test_as_all_that_the_model_writes(name: str) -> None:
    """A text of the corpus alone."""
    check(TEXTS[name])


@pytest.mark.parametrize("name", TEXTS)
def test_as_one_element(name: str) -> None:
    """A text of the corpus between two sound elements, as it is."""
    check('{"bullets": ["first", ' + TEXTS[name] + ', "last"]}')


@pytest.mark.parametrize("name", corpus.STRICT)
def test_as_a_member_beside_the_array(name: str) -> None:
    """A sound text of the corpus as a value before and after the array."""
    check('{"before": ' + TEXTS[name] + ', "bullets": ["one"], "after": ' + TEXTS[name] + "}")
