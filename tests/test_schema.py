"""core/schema.py: the document as a model is asked for it."""

from typing import Literal

import jsonschema
from pydantic import BaseModel, Field

from streamsum.core.models import Item
from streamsum.core.schema import document_schema


class Place(BaseModel):
    name: str = Field(default="", max_length=10)


class Fact(BaseModel):
    """A user's own item."""

    text: str
    kind: Literal["when", "where"] | None = None
    places: list[Place] = []


def test_the_usual_element_is_a_string() -> None:
    """The fewest tokens a bullet."""
    schema = document_schema(Item, 3)
    jsonschema.validate({"bullets": ["a", "b", "c"]}, schema)
    assert not jsonschema.Draft202012Validator(schema).is_valid({"bullets": ["a"] * 4})


def test_objects_of_an_own_model_are_closed_and_complete() -> None:
    """As strict modes demand, at every depth; no limits on length, no defaults."""
    schema = document_schema(Fact, 3)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    whole = {"text": "a", "kind": None, "places": [{"name": "a name of any length"}]}
    assert validator.is_valid({"bullets": [whole]})
    assert not validator.is_valid({"bullets": [{"text": "a"}]})
    assert not validator.is_valid({"bullets": [whole | {"more": 1}]})
    assert not validator.is_valid({"bullets": [whole | {"places": [{}]}]})
    assert "maxLength" not in str(schema)
