"""JSON read strictly: RFC 8259, and nothing that two readers could understand differently.

Beyond the grammar: no key twice in an object (section 4), no number over 32 characters or out of a double's range
(section 6), no key over 64 characters.
"""

import json
import re
from math import isinf
from typing import Any

import jiter

# Past these it is a runaway, not data: 32 characters hold every double and every 64-bit integer.
MAX_NUMBER_CHARS = 32
MAX_KEY_CHARS = 64

# Nearly every text has too few of these for a long number: counted in C, so that no pattern has to look for one.
_NOT_OF_NUMBERS = bytes(byte for byte in range(256) if byte not in b"-+.0123456789")
_LONG_NUMBER = re.compile(rf"[-+.0-9eE]{{{MAX_NUMBER_CHARS + 1}}}")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class NotStrict(ValueError):
    """The text is not JSON, or not strictly; says nothing of the text."""


class LoneSurrogate(ValueError):
    """Sound JSON but for half a character, which no UTF-8 can carry (RFC 8259, section 8.2)."""


def parse(text: str) -> Any:
    """The value that `text` stands for. Raises NotStrict, or LoneSurrogate where that is all that is wrong."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data.translate(None, _NOT_OF_NUMBERS)) >= MAX_NUMBER_CHARS and _LONG_NUMBER.search(_STRING.sub("", text)):
        raise NotStrict
    try:
        value = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError:
        if not _SURROGATE.search(text):
            raise NotStrict from None
        _parse_but_for_surrogates(text)
        raise LoneSurrogate from None
    if not isinstance(value, str):
        _check(value)
    return value


def _parse_but_for_surrogates(text: str) -> None:
    try:
        _check(json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise NotStrict from None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise NotStrict
    return found


def _refuse(constant: str) -> None:
    raise NotStrict


def _check(value: Any) -> None:
    """Hold `value` against what the grammar leaves open."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if len(key) > MAX_KEY_CHARS:
                raise NotStrict
            if not isinstance(inner, str):
                _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, float) and isinf(value):
        raise NotStrict
