"""What a caller sent -> a request, or its refusal: our words and names, never the caller's."""

from typing import Any

import pytest

from streamsum.core.refusals import validate
from streamsum.errors import FieldError, RequestRefused

CANARY = "xyzzy-canary"


def refusal(data: dict[str, Any]) -> tuple[FieldError, ...]:
    with pytest.raises(RequestRefused) as caught:
        validate(data, models=["parrot"])
    problem = caught.value.problem
    assert (problem.status, problem.code) == (422, "invalid_request")
    assert CANARY not in problem.model_dump_json()
    assert caught.value.__context__ is None
    assert problem.errors
    return problem.errors


def test_a_request_that_fits_is_taken_with_its_defaults() -> None:
    """The contract's."""
    request = validate({"text": "x", "model": "parrot"}, models=["parrot"])
    assert request.model_dump() == {
        "text": "x",
        "max_bullets": 5,
        "max_bullet_chars": 280,
        "focus": None,
        "language": None,
        "evidence": "attach",
        "preview": False,
        "stream": True,
        "on_disconnect": "grace",
        "model": "parrot",
    }


@pytest.mark.parametrize(
    ("field", "value", "code", "detail"),
    [
        ("text", 1, "string_type", "A string is expected."),
        ("text", None, "string_type", "A string is expected."),
        ("text", " \u200b\n", "blank", "There is nothing in it that a reader could see."),
        ("text", f"{CANARY}\0", "nul", "The character U+0000 is not allowed."),
        ("text", f"{CANARY}\ud800", "string_unicode", "The string is not valid Unicode."),
        ("max_bullets", CANARY, "int_type", "A whole number is expected."),
        ("max_bullets", "5", "int_type", "A whole number is expected."),
        ("max_bullets", True, "int_type", "A whole number is expected."),
        ("max_bullets", 5.0, "int_type", "A whole number is expected."),
        ("max_bullets", 0, "greater_than_equal", "1 or more."),
        ("max_bullets", 10**30, "less_than_equal", "50 or less."),
        ("max_bullet_chars", 1001, "less_than_equal", "1000 or less."),
        ("focus", f"{CANARY}\udfff", "string_unicode", "The string is not valid Unicode."),
        ("focus", "x" * 501, "string_too_long", "At most 500 characters."),
        ("language", f"{CANARY} or so", "language_tag", "A BCP 47 language tag is expected, such as en or pt-BR."),
        ("evidence", CANARY, "literal_error", "One of 'off', 'attach' or 'require'."),
        ("on_disconnect", {CANARY: 1}, "literal_error", "One of 'cancel', 'grace' or 'finish'."),
        ("stream", "yes", "bool_type", "true or false."),
        ("stream", [CANARY], "bool_type", "true or false."),
        ("evidence", "\ud800", "string_unicode", "The string is not valid Unicode."),
        ("model", CANARY, "unknown_model", "This server does not offer that model."),
    ],
)
def test_what_does_not_fit_is_told_by_field_code_and_words_of_ours(
    field: str, value: object, code: str, detail: str
) -> None:
    """With our limits in them, and never the value."""
    errors = refusal({"text": "x", field: value})
    assert errors == (FieldError(loc=(field,), code=code, detail=detail),)


def test_the_text_is_required() -> None:
    """The one field that is."""
    assert [(error.loc, error.code) for error in refusal({})] == [(("text",), "missing")]


def test_unknown_fields_are_one_error_that_names_none() -> None:
    """Their names are the caller's text; and a megabyte holds many."""
    errors = refusal({"text": "x", CANARY: 1} | {f"{CANARY}{n}": n for n in range(10_000)})
    assert [(error.loc, error.code) for error in errors] == [((), "extra_forbidden")]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """In the order of the fields."""
    errors = refusal({"text": "", "max_bullets": 0, CANARY: 1})
    assert [error.code for error in errors] == ["extra_forbidden", "blank", "greater_than_equal"]
    errors = refusal({"text": "x", "evidence": "require", "preview": True, "model": "cat", CANARY: 1})
    assert [error.loc for error in errors] == [(), ("preview",), ("model",)]
