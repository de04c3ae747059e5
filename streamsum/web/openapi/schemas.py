"""The models -> `components.schemas`: JSON Schema 2020-12, as a client sees them."""

from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema
from typing_extensions import override

from streamsum.core.events import Event
from streamsum.core.models import SummaryRequest
from streamsum.core.replies import AcceptedReply, ModelsReply, StatusReply, SummaryReply
from streamsum.errors import PROBLEMS, Problem
from streamsum.web.openapi.words import FIELDS, REQUEST_PATTERNS, REQUEST_RULES

PREFIX = "#/components/schemas/"

EVENTS: tuple[type[BaseModel], ...] = get_args(Event)
_SENT: tuple[type[BaseModel], ...] = (*EVENTS, SummaryReply, AcceptedReply, ModelsReply, StatusReply, Problem)


def schemas() -> dict[str, Any]:
    """Every model that is sent or taken, by its name, and the form of an event on the wire."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(SummaryRequest, "validation")]
    models += [(each, "serialization") for each in _SENT]
    _, found = models_json_schema(models, ref_template=PREFIX + "{model}", schema_generator=_AsServed)
    by_name = {name: _described(name, schema) for name, schema in found["$defs"].items()}
    by_name["Problem"]["properties"]["code"] |= _codes()
    by_name["SummaryRequest"] = _exact(by_name["SummaryRequest"])
    return by_name | {"EventStreamItem": _item()}


def request_fields() -> dict[str, Any]:
    """The schema of each field of the request, and by itself: for a query."""
    fields: dict[str, Any] = schemas()["SummaryRequest"]["properties"]
    return {name: _one_type(schema) for name, schema in fields.items()}


def event_name(model: type[BaseModel]) -> str:
    """As in `event:` and in `type`."""
    name: str = model.model_fields["type"].default
    return name


class _AsServed(GenerateJsonSchema):
    """Pydantic's, without its titles; what is sent is always there, unless it is left out by a rule."""

    @override
    def field_is_required(
        self, field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField, total: bool
    ) -> bool:
        """Has it to be there?"""
        if self.mode == "serialization":
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        """A name is title enough."""
        return False

    @override
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Defaults are for who asks: what is sent says all there is."""
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """With a word for each field; in JSON nothing is called None."""
    schema.pop("title", None)
    schema["description"] = schema["description"].replace("None", "null")
    for field, words in FIELDS.get(name, {}).items():
        schema["properties"][field] = _with_words(schema["properties"][field], words)
    return schema


def _codes() -> dict[str, Any]:
    said = "\n".join(f"- `{code}` ({status}): {words}" for code, (status, words) in PROBLEMS.items())
    return {"enum": list(PROBLEMS), "description": f"For programs:\n\n{said}"}


def _with_words(field: dict[str, Any], words: str) -> dict[str, Any]:
    return field | {"description": words}


def _exact(request: dict[str, Any]) -> dict[str, Any]:
    """With what its validators ask for."""
    for name, pattern in REQUEST_PATTERNS.items():
        field = request["properties"][name]
        field.get("anyOf", [field])[0]["pattern"] = pattern
    return request | REQUEST_RULES


def _one_type(field: dict[str, Any]) -> dict[str, Any]:
    """Without null, which a query cannot say: there a field is left out."""
    kept = {name: value for name, value in field.items() if name not in {"anyOf", "default"}}
    if field.get("default") is not None:
        kept["default"] = field["default"]
    return kept | next((each for each in field.get("anyOf", []) if each != {"type": "null"}), {})


def _item() -> dict[str, Any]:
    """One event of a stream: https://spec.openapis.org/oas/v3.2.0.html#server-sent-event-streams."""
    return {
        "description": "One server-sent event. Fields and events may be added: pass over what you do not know.",
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The cursor, `{summary id}:{n}`: n = 1, 2, 3 … without gaps."},
            "event": {"type": "string", "enum": [event_name(each) for each in EVENTS]},
            "data": {"type": "string", "contentMediaType": "application/json", "description": "One line of JSON."},
            "retry": {"type": "integer", "description": "Milliseconds to wait before coming back; once a connection."},
        },
        "required": ["event", "data"],
        "oneOf": [_variant(each) for each in EVENTS],
    }


def _variant(model: type[BaseModel]) -> dict[str, Any]:
    name = event_name(model)
    data = {"contentMediaType": "application/json", "contentSchema": {"$ref": PREFIX + model.__name__}}
    return {"title": name, "properties": {"event": {"const": name}, "data": data}}


SchemaName = Literal[
    "AcceptedReply", "EventStreamItem", "ModelsReply", "Problem", "StatusReply", "SummaryReply", "SummaryRequest"
]


def ref(name: SchemaName) -> dict[str, str]:
    """A reference to one of them."""
    return {"$ref": PREFIX + name}
