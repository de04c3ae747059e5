"""core/checks.py: an element becomes a bullet, or a rejection with its reasons."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from streamsum.core.checks import Checks, Sound, Unsound
from streamsum.core.document import Element
from streamsum.core.elements import ElementDecoder
from streamsum.core.events import Reason
from streamsum.core.models import Evidence
from streamsum.core.repeats import Standing
from streamsum.core.source import Source


def element(text: str) -> Element:
    (cut,) = ElementDecoder().feed(f'{{"bullets": [{text}]}}')
    return cut


def codes(text: str, *, max_chars: int = 20, standing: tuple[str, ...] = ()) -> list[str]:
    match Checks(max_chars=max_chars).check(element(text), standing=Standing(standing)):
        case Sound():
            return []
        case Unsound(reasons):
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
    assert Checks(max_chars=20).check(element(text), standing=Standing()) == Sound(bullet)


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


def test_a_line_that_is_too_long_is_compared_with_nothing() -> None:
    """It may have 16 KiB, and would not stand whatever it says."""
    said = "The tower was lit in spring with candles"
    again = f'"{said}, too"'
    assert codes(again, max_chars=100, standing=(said,)) == ["duplicate"]
    assert codes(again, max_chars=20, standing=(said,)) == ["too_long"]


def test_a_rejection_has_nothing_of_the_text() -> None:
    """Neither in codes nor in details."""
    checks = Checks(max_chars=20, item_model=Fact)
    for text in (
        '"canary' + "x" * 20 + '"',
        '{"canary": "canary"}',
        '{"text": "canary",}',
        '{"text": "canary", "year": 1}',
    ):
        found = checks.check(element(text), standing=Standing())
        assert isinstance(found, Unsound)
        assert "canary" not in json.dumps([reason.model_dump() for reason in found.reasons])


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
    checks = Checks(max_chars=20, item_model=Fact, source=Source("Ships sail. Bug"))
    result = checks.check(element(text), standing=Standing())
    assert (result if isinstance(result, Sound) else [reason.code for reason in result.reasons]) == expected


class Forgetful(BaseModel):
    """Its validator forgets to return."""

    text: str

    @field_validator("text")
    @classmethod
    def look(cls, text: str) -> None:
        """Returns nothing."""


def test_a_text_that_is_none_costs_only_its_element() -> None:
    """Whatever a user's model makes of it."""
    result = Checks(max_chars=20, item_model=Forgetful).check(element('"a"'), standing=Standing())
    assert isinstance(result, Unsound)
    assert [reason.code for reason in result.reasons] == ["schema"]


class Open(BaseModel):
    """An item that takes what comes."""

    model_config = ConfigDict(extra="allow")

    text: str


def test_an_item_model_that_says_so_takes_more_fields() -> None:
    """Its own configuration is the user's decision."""
    checks = Checks(max_chars=20, item_model=Open)
    result = checks.check(element('{"text": "a", "more": [1, null]}'), standing=Standing())
    assert result == Sound("a", {"text": "a", "more": [1, None]})


# Held against the source.

SOURCE = "The tower was lit in 1698. It stood on the reef for five years. In the end a great storm took it away."


def judged(text: str, *, evidence: Evidence = "attach", **more: Any) -> Sound | list[str]:
    checks = Checks(max_chars=280, source=Source(SOURCE), evidence=evidence, **more)
    match checks.check(element(text), standing=Standing(), quotes=True):
        case Sound() as sound:
            return sound
        case Unsound(reasons):
            return [reason.code for reason in reasons]


def supported_by(sound: Sound | list[str]) -> list[tuple[str, str]]:
    assert isinstance(sound, Sound)
    return [(SOURCE[span.start : span.end], span.match) for span in sound.evidence]


def test_a_bullet_comes_with_what_supports_it() -> None:
    """The exact words of the source."""
    found = supported_by(judged('"It was on the reef that it stood, for five years."'))
    assert found == [("It stood on the reef for five years.", "attributed")]


def test_nothing_is_looked_up_where_nobody_asks() -> None:
    """`off` costs nothing, and a quote is then an unknown key."""
    assert judged('"Lit in 1999."', evidence="off") == Sound("Lit in 1999.")
    assert judged('{"text": "a", "quote": "b"}', evidence="off") == ["schema"]


@pytest.mark.parametrize(
    ("text", "warnings", "reasons"),
    [
        ('"The tower was lit in 1698."', (), None),
        ('"The tower was lit in 1798."', ("unsupported_number",), ["unsupported_number"]),
        ('"The harbour master bought a goat."', (), ["unsupported"]),
        ('"The harbour master bought 12 goats."', ("unsupported_number",), ["unsupported", "unsupported_number"]),
    ],
)
def test_what_the_source_does_not_have(text: str, warnings: tuple[str, ...], reasons: list[str] | None) -> None:
    """Attached: a number is a warning; required: it is withheld, with all of its reasons."""
    attached = judged(text)
    assert isinstance(attached, Sound)
    assert attached.warnings == warnings
    required = judged(text, evidence="require")
    assert required == reasons if reasons else isinstance(required, Sound)


def test_a_quote_is_looked_up_and_never_passed_on() -> None:
    """It says where a bullet comes from, whatever its words; one that is not there falls back on them."""
    quoted = judged('{"text": "It is gone.", "quote": "a great  STORM took it"}')
    assert supported_by(quoted) == [("a great storm took it", "verbatim")]
    assert isinstance(quoted, Sound)
    assert (quoted.text, quoted.item) == ("It is gone.", None)
    fallen_back = judged('{"text": "The tower was lit in 1698.", "quote": "a ship of fools"}')
    assert supported_by(fallen_back) == [("The tower was lit in 1698.", "attributed")]
    assert judged('{"text": "a", "quote": 7}') == ["schema"]


def test_a_quote_that_nobody_asked_for_proves_nothing() -> None:
    """It is an unknown key: a model that is not trusted with quotes must not prove cheese by a tower."""
    checks = Checks(max_chars=280, source=Source(SOURCE), evidence="require")
    found = checks.check(element('{"text": "The moon is made of cheese.", "quote": "The tower"}'), standing=Standing())
    assert isinstance(found, Unsound)
    assert [reason.code for reason in found.reasons] == ["schema"]


class Part(BaseModel):
    text: str
    parts: list["Part"] = []


class Aliased(BaseModel):
    text: str = Field(alias="headline")
    words: str = Field(default="", alias="quote")


def test_a_users_own_name_for_a_quote_is_the_users() -> None:
    """What counts is the name in JSON; and a model may be a part of itself."""
    own = judged('{"headline": "A great storm took it.", "quote": "a great"}', item_model=Aliased)
    assert isinstance(own, Sound)
    assert own.item == {"text": "A great storm took it.", "words": "a great"}
    part = judged('{"text": "It is gone.", "parts": [{"text": "x"}], "quote": "a great storm"}', item_model=Part)
    assert supported_by(part) == [("a great storm", "verbatim")]


def test_a_duplicate_tells_its_line() -> None:
    """As it was validated, by whatever name the model had it."""
    checks = Checks(max_chars=280, item_model=Aliased)
    assert checks.check(element('{"headline": " Lit  in 1698. "}'), standing=Standing(["Lit in 1698."])) == Unsound(
        (Reason(code="duplicate", detail="The text has been said before, or nearly so."),), "Lit in 1698."
    )


class Quoted(BaseModel):
    text: str
    quote: str


class Dated(BaseModel):
    model_config = ConfigDict(strict=True)

    text: str
    day: date


def test_a_users_own_quote_is_the_users() -> None:
    """And with any other model of a user's, ours is not part of the item."""
    own = judged('{"text": "A great storm took it.", "quote": "a great storm"}', item_model=Quoted)
    assert isinstance(own, Sound)
    assert own.item == {"text": "A great storm took it.", "quote": "a great storm"}
    dated = judged('{"text": "It is gone.", "day": "1703-11-27", "quote": "a great storm took it"}', item_model=Dated)
    assert supported_by(dated) == [("a great storm took it", "verbatim")]
    assert isinstance(dated, Sound)
    assert dated.item == {"text": "It is gone.", "day": "1703-11-27"}


def test_another_language_is_proved_by_quotes_alone() -> None:
    """Its words are not those of the source, and a score would mean nothing."""
    words = "Am Ende riss ein gro\u00dfer Sturm den Turm fort."
    assert supported_by(judged(f'"{words}"', language="de")) == []
    quoted = judged(f'{{"text": "{words}", "quote": "a great storm took it away"}}', language="de", evidence="require")
    assert supported_by(quoted) == [("a great storm took it away", "verbatim")]
    assert judged(f'"{words}"', language="de", evidence="require") == ["unsupported"]
    assert supported_by(judged('"A great storm took it away."', language="en-GB"))
