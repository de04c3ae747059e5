"""An element becomes a bullet, or a rejection with its reasons and none of its text."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from streamsum.core.document import Element
from streamsum.core.events import Reason
from streamsum.core.models import Item, is_blank
from streamsum.core.strict import LoneSurrogate

_DETAILS = {
    "invalid_json": "The element is not strictly valid JSON.",
    "schema": "The element is not of the form that was asked for.",
    "unsafe": "The text has control characters, or characters that hide or turn around what is read.",
    "blank": "The text has nothing to read.",
    "too_long": "The text is longer than max_bullet_chars.",
    "duplicate": "The text has been said before.",
}
# C0 and C1 controls but tab and line breaks; DEL; bidirectional overrides and isolates; tag and half characters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Sound:
    """What passed: one line of text."""

    text: str


def check(element: Element, *, max_chars: int, standing: Collection[str]) -> Sound | tuple[Reason, ...]:
    """Judge `element`; `standing` are the texts of the bullets so far."""
    if isinstance(element.fault, LoneSurrogate):
        return _reasons("unsafe")
    if element.fault:
        return _reasons("invalid_json")
    try:
        item = Item.model_validate(_as_item(element.value))
    except ValidationError:
        return _reasons("schema")
    text = " ".join(item.text.split())  # a bullet is one line
    return _reasons(*_faults(item, text, max_chars, standing)) or Sound(text)


def _as_item(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


def _faults(item: Item, text: str, max_chars: int, standing: Collection[str]) -> list[str]:
    faults = []
    if _UNSAFE.search(item.text):
        faults.append("unsafe")
    elif is_blank(text):
        return ["blank"]
    if len(text) > max_chars:
        faults.append("too_long")
    if text in standing:
        faults.append("duplicate")
    return faults


def _reasons(*codes: str) -> tuple[Reason, ...]:
    return tuple(Reason(code=code, detail=_DETAILS[code]) for code in codes)
