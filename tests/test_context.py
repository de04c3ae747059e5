"""core/context.py: what cannot fit is known before it is asked, and nothing else is refused."""

import pytest

from streamsum.core import context
from streamsum.core.models import SummaryRequest

PROSE = [
    "The quick brown fox jumps over the lazy dog, and the dog does not mind at all. ",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits. ",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. ",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है। ",
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. ",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_has_more_words_than_the_tokens_it_is_thought_to_have(text: str) -> None:
    """In any script that has spaces: no vocabulary has two words in one token."""
    assert context.least_tokens(text * 1000) <= len((text * 1000).split())


@pytest.mark.parametrize(
    "text", ["人人生而自由,在尊严和权利上一律平等。", "すべての人間は、生まれながらにして自由である。"]
)
def test_prose_without_spaces_has_tokens_of_a_few_characters(text: str) -> None:
    """Four at most."""
    assert context.least_tokens(text * 1000) <= len(text * 1000) / 4


def test_the_answer_and_what_is_asked_need_room_too() -> None:
    """More bullets leave less for the source, but the answer never has more than half."""
    few, many = (
        context.room(SummaryRequest(text="-", max_bullets=n, max_bullet_chars=1000), context_tokens=8192)
        for n in (5, 50)
    )
    assert 8192 // 2 - 300 < many < 8192 // 2 < few < 8192 - 2500
    assert context.room(SummaryRequest(text="-"), context_tokens=8192, max_tokens=100) > 7900


def test_a_tiny_context_has_no_room_at_all() -> None:
    """And not less than none."""
    assert context.room(SummaryRequest(text="-"), context_tokens=50) == 0


@pytest.mark.parametrize("like", ["English text", "\u4f60\u597d", "\U0001f600", "Привет, мир"])
def test_what_usually_fits_is_never_refused(like: str) -> None:
    """A text as long as was said is let in."""
    chars = context.usual_chars(1000, like=like)
    assert 0 < chars <= 4000
    text = (like * chars)[:chars]
    assert context.least_tokens(text) <= 1000
