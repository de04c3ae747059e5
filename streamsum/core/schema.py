"""The JSON Schema of the document, as a model is asked for it.

In the subset that servers enforce (OpenAI's strict mode, https://platform.openai.com/docs/guides/structured-outputs):
every object closed, every property required. A limit on length is left out: a server that enforces it cuts a sentence
in the middle, and the cut text is valid. What a schema cannot say, the checks do afterwards.
"""

from copy import deepcopy
from functools import cache
from typing import Any

from pydantic import BaseModel

from streamsum.core.models import Item

_LEFT_OUT = {"default", "maxLength", "minLength", "title"}


def document_schema(item_model: type[BaseModel], max_bullets: int, *, quotes: bool = False) -> dict[str, Any]:
    """`{"bullets": [...]}`: of strings, the fewest tokens a bullet, or of items, with `quotes` each with its own."""
    item, definitions = ({"type": "string"}, {}) if item_model is Item and not quotes else _object(item_model)
    if quotes:
        item["properties"]["quote"] = {"type": "string"}
        item["required"].append("quote")
    document = {
        "type": "object",
        "properties": {"bullets": {"type": "array", "items": item, "maxItems": max_bullets}},
        "required": ["bullets"],
        "additionalProperties": False,
    }
    return document | ({"$defs": definitions} if definitions else {})


@cache
def names_of(item_model: type[BaseModel]) -> frozenset[str]:
    """The names of an item's properties in JSON: not always those of the model's fields."""
    return frozenset(_object(item_model)[0]["properties"])


def _object(item_model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of an item, and of what it refers to; a model that is a part of itself is referred to, too."""
    schema = _closed(item_model.model_json_schema())
    definitions = schema.pop("$defs", {})
    if "$ref" in schema:
        # A copy: what is added to an item at the top is not part of those in it.
        schema = deepcopy(definitions[schema["$ref"].rpartition("/")[2]])
    return schema, definitions


def _closed(schema: Any) -> Any:
    """`schema` with every object in it closed and all of its properties required."""
    match schema:
        case {"properties": dict(properties)}:
            kept = {key: _closed(value) for key, value in schema.items() if key not in _LEFT_OUT | {"properties"}}
            inner = {name: _closed(value) for name, value in properties.items()}
            return kept | {"properties": inner, "required": list(inner), "additionalProperties": False}
        case dict():
            return {key: _closed(value) for key, value in schema.items() if key not in _LEFT_OUT}
        case list():
            return [_closed(value) for value in schema]
        case _:
            return schema
