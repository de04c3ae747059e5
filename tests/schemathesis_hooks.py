"""What no schema can say of a request: which models there are, which characters show nothing; and that 5.0 is no whole
number to us, as it is to JSON Schema.
"""

from typing import Any

import schemathesis

from streamsum.core.models import is_blank

MODEL = "gpt-4o-mini"


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """The service that is tested has keys: what the document lets in with or without one, it lets in with one.

    A ticket is left out: who shows one that opens nothing is not asked for a key, but finds nothing there (404).
    """
    operations = (each for path in raw_schema["paths"].values() for each in path.values() if isinstance(each, dict))
    for each in (raw_schema, *operations):
        if each.get("security", [{}]) != [{}]:
            each["security"] = [{"key": []}]


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """A model that is named is one that is there; a text that is one can be seen."""
    for fields in (case.query, case.body):
        if not isinstance(fields, dict):
            continue
        if isinstance(fields.get("model"), str):
            fields["model"] = MODEL
        for name in ("text", "q"):
            if isinstance(text := fields.get(name), str) and is_blank(text) and text.strip():
                fields[name] = "The lamp was lit in 1698."
        if fields.get("evidence") == "require":
            fields.pop("language", None)  # which may not be the text's
        for name, value in fields.items():
            if isinstance(value, float) and value.is_integer():
                fields[name] = int(value)
    if case.query and case.query.get("evidence") == "require" and case.query.get("preview") in {True, "true"}:
        del case.query["preview"]  # between parameters there are no rules
    return case
