"""Independent judges of what the decoder does: ijson, and the standard library's parser. Neither shares our code."""

import io
import json
from typing import Any

import ijson


def elements(document: str, key: str = "bullets") -> list[Any]:
    """What ijson finds in the array under `key`, or in a root array."""
    prefix = "item" if document.lstrip().startswith("[") else f"{key}.item"
    return list(ijson.items(io.BytesIO(document.encode()), prefix, use_float=True))


def is_strict(document: str) -> bool:
    """Does the standard library take it, told to refuse what RFC 8259 does not have or advises against?"""

    def no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) != len(pairs):
            raise ValueError
        return found

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(document, object_pairs_hook=no_key_twice, parse_constant=refuse)
    except ValueError:
        return False
    return True
