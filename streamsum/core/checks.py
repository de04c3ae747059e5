"""An element becomes a bullet, or a rejection with its reasons and none of its text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import core_schema

from streamsum.core.document import Element
from streamsum.core.events import Reason, Span
from streamsum.core.evidence import Evidence, Finding
from streamsum.core.languages import speaks
from streamsum.core.models import Evidence as EvidenceMode
from streamsum.core.models import Item, SummaryRequest, is_blank
from streamsum.core.repeats import Standing
from streamsum.core.schema import names_of
from streamsum.core.source import Source
from streamsum.core.strict import LoneSurrogate

_DETAILS = {
    "invalid_json": "The element is not strictly valid JSON.",
    "schema": "The element is not of the form that was asked for.",
    "unsafe": "The text has control characters, or characters that hide or turn around what is read.",
    "blank": "The text has nothing to read.",
    "too_long": "The text is longer than max_bullet_chars.",
    "duplicate": "The text has been said before, or nearly so.",
    "unsupported": "Nothing in the source supports the text.",
    "unsupported_number": "A number in the text is not in the source.",
}
CODES = frozenset(_DETAILS)
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
    """What passed: one line of text, where it comes from; and the whole item, where it is of a user's own model."""

    text: str
    item: dict[str, Any] | None = None
    evidence: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsound:
    """What did not pass, and why; its line of text, where it had the form that was asked for."""

    reasons: tuple[Reason, ...]
    line: str = ""


class _Parts(NamedTuple):
    """An element that has the form that was asked for."""

    text: str
    item: dict[str, Any] | None
    quote: str | None


class Checks:
    """What every element of one summary is held against. Validators find the source in `info.context["source"]`."""

    def __init__(
        self,
        *,
        max_chars: int,
        item_model: type[BaseModel] = Item,
        source: Source = _NO_SOURCE,
        evidence: EvidenceMode = "off",
        language: str | None = None,
    ) -> None:
        """`language` is that of the bullets, None: the source's."""
        self._max_chars = max_chars
        self._item_model = item_model
        self._source = source
        self._mode = evidence
        self._language = language
        self._evidence: Evidence | None = None
        self._attribute = True  # can a bullet be found in the source by its words?
        # A user's own `quote` is the user's.
        self.takes_quotes = evidence != "off" and (item_model is Item or "quote" not in names_of(item_model))

    @classmethod
    def of(cls, request: SummaryRequest, *, item_model: type[BaseModel], source: Source) -> Self:
        """Those that `request` asks for."""
        return cls(
            max_chars=request.max_bullet_chars,
            item_model=item_model,
            source=source,
            evidence=request.evidence,
            language=request.language,
        )

    def prepare(self) -> None:
        """Index the source, if evidence is asked for and it has not been."""
        if self._evidence is None and self._mode != "off":
            text = self._source.text
            self._attribute = self._language is None or speaks(text, self._language) is not False
            self._evidence = Evidence(self._source)

    def check(self, element: Element, *, standing: Standing, quotes: bool = False) -> Sound | Unsound:
        """Judge `element`; `standing` are the texts of the bullets so far, `quotes`: it was asked for its own."""
        if isinstance(element.fault, LoneSurrogate):
            return _unsound("unsafe")
        if element.fault:
            return _unsound("invalid_json")
        try:
            text, item, quote = self._validate(element, quotes=quotes and self.takes_quotes)
        except ValidationError as error:
            return _unsound(*_codes(error))
        except Exception:  # noqa: BLE001 - a user's own validator may raise anything, and must not cost the others
            return _unsound("schema")
        if not isinstance(text, str):
            return _unsound("schema")
        line = fold(text)
        if faults := tuple(self._faults(text, line, item, standing)):
            return _unsound(*faults, line=line)
        return self._support(line, item, quote)

    def _support(self, line: str, item: dict[str, Any] | None, quote: str | None) -> Sound | Unsound:
        """Where the text comes from; what that lacks is a warning, or with `require` a reason."""
        self.prepare()
        if self._evidence is None:
            return Sound(line, item)
        finding = self._evidence.find(line, quote=quote, attribute=self._attribute)
        lacks = tuple(self._lacks(finding))
        if self._mode == "require" and lacks:
            return _unsound(*lacks, line=line)
        return Sound(line, item, finding.spans, lacks)

    def _lacks(self, finding: Finding) -> Iterator[str]:
        if self._mode == "require" and not finding.supported:
            yield "unsupported"
        if not finding.numbers_hold:
            yield "unsupported_number"

    def _validate(self, element: Element, *, quotes: bool) -> _Parts:
        value = {"text": element.value} if isinstance(element.value, str) else element.value
        quote = None
        if quotes and isinstance(value, dict) and isinstance(value.get("quote"), str):
            quote = value["quote"]
            value = {name: each for name, each in value.items() if name != "quote"}
        if self._item_model is Item:
            return _Parts(Item.model_validate(value).text, None, quote)
        # As JSON, not as Python values: only so does a strict model take a date from a string.
        item: Any = self._item_model.model_validate_json(
            element.text if value is element.value else json.dumps(value),
            extra=None if "extra" in self._item_model.model_config else "forbid",
            context={"source": self._source.text},
        )
        return _Parts(item.text, item.model_dump(mode="json"), quote)

    def _faults(self, text: str, line: str, item: dict[str, Any] | None, standing: Standing) -> Iterator[str]:
        if is_unsafe(text) or any(map(is_unsafe, _strings(item))):
            yield "unsafe"
        elif is_blank(line):
            yield "blank"
            return
        if len(line) > self._max_chars:
            yield "too_long"  # it will not stand, whatever it says: nothing more is looked for in 16 KiB
        elif standing.says(line):
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


def _unsound(*codes: str, line: str = "") -> Unsound:
    return Unsound(tuple(Reason(code=code, detail=_DETAILS.get(code, _OWN_DETAIL)) for code in codes), line)
