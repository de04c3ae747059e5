"""An element becomes a bullet, or a rejection with its reasons and none of its text."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import core_schema

from streamsum.core.document import Element
from streamsum.core.events import Reason
from streamsum.core.models import Item, is_blank
from streamsum.core.source import Source
from streamsum.core.strict import LoneSurrogate

_DETAILS = {
    "invalid_json": "The element is not strictly valid JSON.",
    "schema": "The element is not of the form that was asked for.",
    "unsafe": "The text has control characters, or characters that hide or turn around what is read.",
    "blank": "The text has nothing to read.",
    "too_long": "The text is longer than max_bullet_chars.",
    "duplicate": "The text has been said before.",
}
_OWN_DETAIL = "The element failed a check of this server's item model."
# C0 and C1 controls but tab and line breaks; DEL; bidirectional overrides and isolates; tag and half characters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ud800-\udfff]"
)


_NO_SOURCE = Source("")
_OWN_CODE = re.compile(r"[a-z_]{1,40}")
_PYDANTICS_CODES = frozenset(get_args(core_schema.ErrorType))


@dataclass(frozen=True, slots=True)
class Sound:
    """What passed: one line of text; and the whole item, where it is of a user's own model."""

    text: str
    item: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What every element of one summary is held against. Validators find the source in `info.context["source"]`."""

    max_chars: int
    item_model: type[BaseModel] = Item
    source: Source = _NO_SOURCE

    def check(self, element: Element, *, standing: Collection[str]) -> Sound | tuple[Reason, ...]:
        """Judge `element`; `standing` are the texts of the bullets so far."""
        if isinstance(element.fault, LoneSurrogate):
            return _reasons("unsafe")
        if element.fault:
            return _reasons("invalid_json")
        try:
            text, item = self._validate(element)
        except ValidationError as error:
            return _reasons(*_codes(error))
        except Exception:  # noqa: BLE001 - a user's own validator may raise anything, and must not cost the others
            return _reasons("schema")
        if not isinstance(text, str):
            return _reasons("schema")
        line = fold(text)
        return _reasons(*self._faults(text, line, item, standing)) or Sound(line, item)

    def _validate(self, element: Element) -> tuple[Any, dict[str, Any] | None]:
        value = {"text": element.value} if isinstance(element.value, str) else element.value
        if self.item_model is Item:
            return Item.model_validate(value).text, None
        # As JSON, not as Python values: only so does a strict model take a date from a string.
        item: Any = self.item_model.model_validate_json(
            json.dumps(value) if isinstance(element.value, str) else element.text,
            extra=None if "extra" in self.item_model.model_config else "forbid",
            context={"source": self.source.text},
        )
        return item.text, item.model_dump(mode="json")

    def _faults(self, text: str, line: str, item: dict[str, Any] | None, standing: Collection[str]) -> Iterator[str]:
        if is_unsafe(text) or any(map(is_unsafe, _strings(item))):
            yield "unsafe"
        elif is_blank(line):
            yield "blank"
            return
        if len(line) > self.max_chars:
            yield "too_long"
        if line in standing:
            yield "duplicate"


def fold(text: str) -> str:
    """A bullet is one line: white space becomes single spaces."""
    return " ".join(text.split())


def is_unsafe(text: str) -> bool:
    """Does `text` have characters that hide, turn around or control what is read?"""
    return _UNSAFE.search(text) is not None


def _strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _codes(error: ValidationError) -> list[str]:
    """A validator's own codes, each once; `schema` for everything that Pydantic itself found."""
    types = [each["type"] for each in error.errors(include_url=False, include_context=False, include_input=False)]
    own = [code for code in types if code not in _PYDANTICS_CODES and _OWN_CODE.fullmatch(code)]
    return list(dict.fromkeys(own)) or ["schema"]


def _reasons(*codes: str) -> tuple[Reason, ...]:
    return tuple(Reason(code=code, detail=_DETAILS.get(code, _OWN_DETAIL)) for code in codes)
