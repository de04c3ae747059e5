"""core/checks.py: an element becomes a bullet, or a rejection with its reasons."""

import json

import pytest

from streamsum.core.checks import Sound, check
from streamsum.core.document import Element
from streamsum.core.elements import ElementDecoder


def element(text: str) -> Element:
    (cut,) = ElementDecoder().feed(f'{{"bullets": [{text}]}}')
    return cut


def codes(text: str, *, max_chars: int = 20, standing: tuple[str, ...] = ()) -> list[str]:
    match check(element(text), max_chars=max_chars, standing=standing):
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
    assert check(element(text), max_chars=20, standing=()) == Sound(bullet)


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
    for text in ('"canary' + "x" * 20 + '"', '{"canary": "canary"}', '{"text": "canary",}', r'"canary\u0000"'):
        assert "canary" not in json.dumps([str(reason) for reason in check(element(text), max_chars=20, standing=())])  # type: ignore[union-attr]
