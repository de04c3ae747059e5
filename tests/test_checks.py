"""core/checks.py: an element becomes a bullet, or a rejection with its reasons."""

import json
from datetime import date

import pytest
from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from streamsum.core.checks import Checks, Sound
from streamsum.core.document import Element
from streamsum.core.elements import ElementDecoder
from streamsum.core.source import Source


def element(text: str) -> Element:
    (cut,) = ElementDecoder().feed(f'{{"bullets": [{text}]}}')
    return cut


def codes(text: str, *, max_chars: int = 20, standing: tuple[str, ...] = ()) -> list[str]:
    match Checks(max_chars=max_chars).check(element(text), standing=standing):
        case Sound():
            return []
        case reasons:
            return [reason.code for reason in reasons]


@pytest.mark.parametrize(
    ("text", "bullet"),
    [
        ('"plain"', "plain"),
        ('{"text": "object"}', "object"),
        (r'"  two\n lines\tand\r\n\u2028 \u00a0more "', "two lines and more"),
        (r'"\ud83d\ude00 emoji"', "😀 emoji"),
        ('"data: x"', "data: x"),
        ('"' + "x" * 20 + '"', "x" * 20),
        ('"' + "\U0001f600" * 20 + '"', "\U0001f600" * 20),
        (r'"a\u200bb"', "a\u200bb"),
    ],
)
def test_a_sound_element_becomes_one_line_of_text(text: str, bullet: str) -> None:
    """White space is folded to single spaces; nothing else is changed."""
    assert Checks(max_chars=20).check(element(text), standing=()) == Sound(bullet)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"text": "a",}', ["invalid_json"]),
        ("nope", ["invalid_json"]),
        ('{"text": 1}', ["schema"]),
        ('{"text": "a", "more": 1}', ["schema"]),
        ("{}", ["schema"]),
        ("1", ["schema"]),
        ("null", ["schema"]),
        ('["a"]', ["schema"]),
        ('""', ["blank"]),
        (r'" \n\u200b\ufeff\u3164 "', ["blank"]),
        ('"' + "x" * 21 + '"', ["too_long"]),
        (r'"\ud800"', ["unsafe"]),
        (r'"bell \u0007"', ["unsafe"]),
        (r'"\u0000"', ["unsafe"]),
        (r'"\u000b"', ["unsafe"]),
        (r'"\u007f"', ["unsafe"]),
        (r'"\u0085"', ["unsafe"]),
        (r'"\u001b[31mred"', ["unsafe"]),
        (r'"\u202egnp.exe"', ["unsafe"]),
        (r'"\u2066x"', ["unsafe"]),
        (r'"\udb40\udc41"', ["unsafe"]),
        ('"said"', ["duplicate"]),
        (r'" said\n"', ["duplicate"]),
        (r'"' + "x" * 21 + r'\u0000"', ["unsafe", "too_long"]),
    ],
)
def test_a_faulty_element_is_rejected_with_its_reasons(text: str, expected: list[str]) -> None:
    """Codes of the contract; details from our own table."""
    assert codes(text, standing=("said",)) == expected


def test_a_rejection_has_nothing_of_the_text() -> None:
    """Neither in codes nor in details."""
    checks = Checks(max_chars=20, item_model=Fact)
    for text in (
        '"canary' + "x" * 20 + '"',
        '{"canary": "canary"}',
        '{"text": "canary",}',
        '{"text": "canary", "year": 1}',
    ):
        reasons = checks.check(element(text), standing=())
        assert isinstance(reasons, tuple)
        assert "canary" not in json.dumps([reason.model_dump() for reason in reasons])


class Fact(BaseModel):
    """A user's own item."""

    model_config = ConfigDict(strict=True)

    text: str
    year: int = 1900
    on: date | None = None
    tags: dict[str, list[str]] = {}

    @field_validator("text")
    @classmethod
    def in_source(cls, text: str, info: ValidationInfo) -> str:
        """A check against the source, as users write them."""
        if text.split()[0] not in (info.context or {})["source"]:
            raise PydanticCustomError("not_in_source", "canary {text}", {"text": text})
        if text == "Bug":
            raise KeyError(text)
        return text.upper()

    @field_validator("year")
    @classmethod
    def no_future(cls, year: int) -> int:
        """Raises the ordinary way."""
        if year > 2000:
            raise ValueError(f"canary {year}")
        return year


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Ships sail"', Sound("SHIPS SAIL", {"text": "SHIPS SAIL", "year": 1900, "on": None, "tags": {}})),
        (
            '{"text": "Ships", "year": 1882, "on": "1882-05-18"}',
            Sound("SHIPS", {"text": "SHIPS", "year": 1882, "on": "1882-05-18", "tags": {}}),
        ),
        ('{"text": "Trains"}', ["not_in_source"]),
        ('{"text": "Trains", "year": 2001}', ["not_in_source"]),
        ('{"text": "Ships", "year": 2001}', ["schema"]),
        ('{"text": "Ships", "year": "1900"}', ["schema"]),
        ('{"text": "Ships", "more": 1}', ["schema"]),
        ('{"text": "Bug"}', ["schema"]),
        (r'{"text": "Ships", "tags": {"a": ["x\u0000"]}}', ["unsafe"]),
        (r'{"text": "Ships", "tags": {"a\u202e": []}}', ["unsafe"]),
    ],
)
def test_a_users_item_model_is_validated_with_the_source_at_hand(text: str, expected: Sound | list[str]) -> None:
    """Validators' own codes come out, Pydantic's are `schema`, a validator's bug costs only its element."""
    result = Checks(max_chars=20, item_model=Fact, source=Source("Ships sail. Bug")).check(element(text), standing=())
    assert (result if isinstance(result, Sound) else [reason.code for reason in result]) == expected


class Forgetful(BaseModel):
    """Its validator forgets to return."""

    text: str

    @field_validator("text")
    @classmethod
    def look(cls, text: str) -> None:
        """Returns nothing."""


def test_a_text_that_is_none_costs_only_its_element() -> None:
    """Whatever a user's model makes of it."""
    result = Checks(max_chars=20, item_model=Forgetful).check(element('"a"'), standing=())
    assert isinstance(result, tuple)
    assert [reason.code for reason in result] == ["schema"]


class Open(BaseModel):
    """An item that takes what comes."""

    model_config = ConfigDict(extra="allow")

    text: str


def test_an_item_model_that_says_so_takes_more_fields() -> None:
    """Its own configuration is the user's decision."""
    result = Checks(max_chars=20, item_model=Open).check(element('{"text": "a", "more": [1, null]}'), standing=())
    assert result == Sound("a", {"text": "a", "more": [1, None]})
