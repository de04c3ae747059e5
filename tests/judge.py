"""Independent judges of what the decoder does: ijson, and the standard library's parser. Neither shares our code."""

import io
import json
import re
from contextlib import suppress
from typing import Any

import ijson

from streamsum.core.document import Limits
from streamsum.core.repeats import Standing
from streamsum.core.strict import MAX_KEY_CHARS, MAX_NUMBER_CHARS


def elements(document: str, key: str = "bullets") -> list[Any]:
    """What ijson finds in the array under `key`, or in a root array."""
    prefix = "item" if document.lstrip().startswith("[") else f"{key}.item"
    return list(ijson.items(io.BytesIO(document.encode()), prefix, use_float=True))


def elements_until_broken(text: str, key: str = "bullets") -> list[Any]:
    """What ijson finds before it gives up."""
    prefix = "item" if text[0] == "[" else f"{key}.item"
    found: list[Any] = []
    with suppress(ijson.JSONError, ValueError):
        found.extend(ijson.items(io.BytesIO(text.encode(errors="replace")), prefix, use_float=True))
    return found


def is_strict(document: str) -> bool:
    """Does the standard library take it, told to refuse what RFC 8259 does not have or advises against?"""

    def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs) or any(len(key) > MAX_KEY_CHARS for key in found):
            raise ValueError
        return found

    def number(digits: str) -> float:
        if len(digits) > MAX_NUMBER_CHARS or abs(float(digits)) == float("inf"):
            raise ValueError
        return float(digits)

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(
            document, object_pairs_hook=no_key_twice, parse_constant=refuse, parse_float=number, parse_int=number
        )
    except (ValueError, RecursionError):
        return False
    return True


_MARK = re.compile(r"[\[{]|<think>")
_OBJECT = re.compile(r'\{[ \t\n\r]*"(?:[^"\\]|\\.)*"[ \t\n\r]*:', re.DOTALL)
_ARRAY = re.compile(r'\[[ \t\n\r]*["{]')
_EMPTY = re.compile(r"\{[ \t\n\r]*\}|\[[ \t\n\r]*\]")
_OPENING = re.compile(r"\s*(```\w*\s*)?")


def start(text: str) -> int | None:
    """Where in a whole text the document starts: the contract's rule, with all of the text in sight.

    An object with a key; an array with a string or an object, unless a bracket was passed over; an empty one where no
    prose is before it. What is thought does not count.
    """
    prose, passed, at = 0, False, 0
    while mark := _MARK.search(text, at):
        here, at = mark.span()
        if mark[0] == "<think>":
            if (end := text.find("</think>", at)) < 0:
                return None
            prose = at = end + len("</think>")
            passed = False
        elif (
            _OBJECT.match(text, here)
            or (_ARRAY.match(text, here) and not passed)
            or (_EMPTY.match(text, here) and _OPENING.fullmatch(text, prose, here))
        ):
            return here
        else:
            passed = True
    return None


def region(text: str) -> str | None:
    """The document in `text`, prose before and after it left out, where there is one that is strictly valid."""
    at = start(text)
    try:
        document = None if at is None else text[at : json.JSONDecoder().raw_decode(text, at)[1]]
    except (ValueError, RecursionError):
        return None
    return document if document and is_strict(document) else None


def depth(value: Any) -> int:
    """How many brackets are open at once."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def expected(document: str, *, max_bullets: int) -> tuple[list[str], str] | None:
    """The outline and the finish of a document that is strictly valid; None where it is too deep to be read."""
    value = json.loads(document)
    items = value if isinstance(value, list) else value.get("bullets") if isinstance(value, dict) else None
    if depth(value) > Limits().depth:
        return None
    if not isinstance(items, list):
        return [], "failed:output_invalid"
    outline: list[str] = []
    bullets: list[str] = []
    for item in items:
        if len(bullets) == max_bullets:
            return outline, "max_bullets"
        verdict = _verdict(item, bullets)
        outline.append(verdict or _text(item))
        bullets += [] if verdict else [_text(item)]
        if outline[-3:] == ["-duplicate"] * 3:
            return outline, "loop"
    return outline, "complete" if bullets or not items else "failed:output_invalid"


def _text(item: Any) -> str:
    return " ".join((item if isinstance(item, str) else item["text"]).split())


def _verdict(item: Any, bullets: list[str]) -> str | None:
    """The first thing that is wrong with an element; of what cannot be seen only what the tests use."""
    if re.search("[\ud800-\udfff]", json.dumps(item, ensure_ascii=False)):
        return "-unsafe"
    raw = item.get("text") if isinstance(item, dict) and len(item) == 1 else item
    if not isinstance(raw, str):
        return "-schema"
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", raw):
        return "-unsafe"
    if re.fullmatch(r"[\s\u200b\ufeff]*", raw):
        return "-blank"
    if len(_text(item)) > 280:
        return "-too_long"
    # What is nearly the same is for tests/test_repeats.py to say; here it is about JSON.
    return "-duplicate" if Standing(bullets).says(_text(item)) else None
