"""core/prompt.py: what the model is asked."""

import pytest
from pydantic import BaseModel

from streamsum.core import prompt
from streamsum.core.models import Item, SummaryRequest


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


def test_what_stands_is_shown_as_untrusted_as_the_source() -> None:
    """Between the same delimiters; the reasons are words of ours, or the codes of a user's own checks."""
    request = SummaryRequest(text="x", max_bullets=9)
    about = prompt.About(
        kind="reask", wanted=2, standing=["One {mark}.", "Two."], withheld=["too_long", "no_such_year"]
    )
    asked = prompt.ask(request, text="A text.", mark="f00d", about=about)
    assert "BEGIN f00d\nA text.\nEND f00d" in asked.user
    assert "BEGIN f00d\n- One {mark}.\n- Two.\nEND f00d" in asked.user
    assert "Write 2 more, with facts that none of them has." in asked.user
    assert "Others were no good: too long; no such year. Avoid that." in asked.user
    assert asked.schema["properties"]["bullets"]["maxItems"] == 2
    assert asked.max_tokens < prompt.ask(request, text="A text.", mark="f00d").max_tokens


def test_with_nothing_to_stand_on_it_is_asked_as_at_first() -> None:
    """A model that died before its first bullet."""
    request = SummaryRequest(text="x")
    about = prompt.About(kind="continue", wanted=5)
    assert prompt.ask(request, text="x", mark="f", about=about) == prompt.ask(request, text="x", mark="f")


class Fact(BaseModel):
    text: str
    year: int


@pytest.mark.parametrize(("item_model", "fields"), [(Item, ["text", "quote"]), (Fact, ["text", "year", "quote"])])
def test_who_can_quote_is_asked_to(item_model: type[BaseModel], fields: list[str]) -> None:
    """Each element with its own, besides what a user's own model has; and there is room for it."""
    request = SummaryRequest(text="x")
    asked = prompt.ask(request, text="x", mark="f00d", item_model=item_model, quotes=True)
    items = asked.schema["properties"]["bullets"]["items"]
    assert items["required"] == list(items["properties"]) == fields
    assert items["additionalProperties"] is False
    assert 'as "quote" up to twelve words that prove it' in asked.system
    assert asked.max_tokens > prompt.ask(request, text="x", mark="f00d", item_model=item_model).max_tokens
    assert "quote" not in prompt.ask(request, text="x", mark="f00d", item_model=item_model).system


def test_tokens_grow_with_what_is_asked() -> None:
    """The largest request has room for all of its bullets in a script of two characters a token."""
    largest = SummaryRequest(text="x", max_bullets=50, max_bullet_chars=1000)
    assert prompt.ask(largest, text="x", mark="f00d").max_tokens >= 25_000
    assert prompt.ask(SummaryRequest(text="x"), text="x", mark="f00d").max_tokens < 1_200
