"""core/prompt.py: what the model is asked."""

from streamsum.core import prompt
from streamsum.core.models import SummaryRequest


def test_the_source_stands_only_between_the_delimiters() -> None:
    """In the user's message, once; braces in it are no placeholders."""
    text = "A text with {braces} and {mark}."
    asked = prompt.ask(SummaryRequest(text=text), text=text, mark="f00d")
    assert text not in asked.system
    assert f"BEGIN f00d\n{text}\nEND f00d" in asked.user
    assert asked.user.count(text) == 1
    assert "BEGIN f00d and END f00d" in asked.system


def test_what_the_caller_wants_is_said() -> None:
    """Number, length in words, language, focus; a schema without maxLength."""
    request = SummaryRequest(text="x", max_bullets=1, max_bullet_chars=80, language="pt-BR", focus="prices")
    asked = prompt.ask(request, text=request.text, mark="f00d")
    assert "in one bullet, in the language pt-BR. Each bullet is one complete sentence of at most 10" in asked.user
    assert "prices" in asked.user
    assert asked.schema["properties"]["bullets"]["maxItems"] == 1
    assert "maxLength" not in str(asked.schema)


def test_tokens_grow_with_what_is_asked() -> None:
    """The largest request has room for all of its bullets in a script of two characters a token."""
    largest = SummaryRequest(text="x", max_bullets=50, max_bullet_chars=1000)
    assert prompt.ask(largest, text="x", mark="f00d").max_tokens >= 25_000
    assert prompt.ask(SummaryRequest(text="x"), text="x", mark="f00d").max_tokens < 1_200
