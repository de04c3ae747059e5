"""What a caller sent -> a request, or the refusal of it: declared field names, our own words, and never a value.

Pydantic's errors carry the caller's text (`input`, `msg`, unknown fields' names in `loc`): of each only its type is
taken, the names that we declared, and the limits that we set.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streamsum.core.models import SummaryRequest
from streamsum.errors import FieldError, RequestRefused

# code -> what we say of it; `{…}` is a limit of ours. The codes are pydantic's error types where it has one.
DETAILS: dict[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is a field that this request does not have.",
    "string_type": "A string is expected.",
    "string_unicode": "The string is not valid Unicode.",
    "string_too_long": "At most {max_length} characters.",
    "int_type": "A whole number is expected.",
    "greater_than_equal": "{ge} or more.",
    "less_than_equal": "{le} or less.",
    "bool_type": "true or false.",
    "literal_error": "One of {expected}.",
    "blank": "There is nothing in it that a reader could see.",
    "nul": "The character U+0000 is not allowed.",
    "language_tag": "A BCP 47 language tag is expected, such as en or pt-BR.",
    "unknown_model": "This server does not offer that model.",
    "not_with_require": "What may yet be withheld cannot be shown before: not with evidence `require`.",
    "not_with_language": "No model here can prove bullets in another language than the text's: not with `require`.",
}
# Another version of pydantic may know other types.
OTHERWISE = "This does not fit."


def validate(data: Mapping[str, Any], *, models: Collection[str]) -> SummaryRequest:
    """The request in `data`, which may name one of `models`. Raises RequestRefused: invalid_request, with `errors`."""
    # Unknown fields are set aside first: each would be an error of its own, and a megabyte holds many.
    known = {name: data[name] for name in SummaryRequest.model_fields if name in data}
    errors = [] if len(known) == len(data) else [_field_error("extra_forbidden")]
    try:
        request = SummaryRequest.model_validate(known, strict=True)
    except ValidationError as error:
        errors += [_translate(each) for each in error.errors(include_url=False, include_input=False)]
    else:
        errors += _beyond_us(request, models)
        if not errors:
            return request
    # Here, not above: raised there, pydantic's error would go along as its context.
    raise RequestRefused("invalid_request", errors=tuple(errors))


def refused(code: str, field: str) -> RequestRefused:
    """The refusal of a request for this one field."""
    return RequestRefused("invalid_request", errors=(_field_error(code, field),))


def _beyond_us(request: SummaryRequest, models: Collection[str]) -> list[FieldError]:
    errors = []
    if request.evidence == "require" and request.preview:
        errors.append(_field_error("not_with_require", "preview"))
    if request.model is not None and request.model not in models:
        errors.append(_field_error("unknown_model", "model"))
    return errors


def _translate(error: ErrorDetails) -> FieldError:
    loc = [part for part in error["loc"] if part in SummaryRequest.model_fields]
    return _field_error(error["type"], *loc, **error.get("ctx", {}))


def _field_error(code: str, *loc: str | int, **limits: Any) -> FieldError:
    return FieldError(loc=loc, code=code, detail=DETAILS.get(code, OTHERWISE).format(**limits))
