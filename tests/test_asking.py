"""What a server's refusal names, and how it is asked then."""

from typing import Any

import pytest

from streamsum.core.passes import Prompt
from streamsum.settings import OutputMode
from streamsum.upstream.asking import Asking, Parameter, refused_parameters
from streamsum.upstream.wires import CHAT, RESPONSES

PROMPT = Prompt(system="s", user="u", schema={"type": "object"}, max_tokens=9)
CHAT_ASKING = Asking.chat(output_mode="json_schema", max_tokens_field="max_tokens", temperature=0.5)
RESPONSES_ASKING = Asking.responses(output_mode="json_schema", temperature=0.5)


def in_turn(asking: Asking, parameter: Parameter, request: Any, member: str) -> list[Any]:
    """What the request has under `member`, each time that `parameter` is refused, to the end."""
    seen = [request(PROMPT, asking).get(member)]
    while less := asking.without(parameter):
        asking = less
        seen.append(request(PROMPT, asking).get(member))
    return seen


def test_the_output_mode_has_three_steps() -> None:
    """A schema, any object, words alone."""
    formats = in_turn(CHAT_ASKING, "response_format", CHAT.request, "response_format")
    assert [each and each["type"] for each in formats] == ["json_schema", "json_object", None]
    formats = in_turn(RESPONSES_ASKING, "response_format", RESPONSES.request, "text")
    assert [each and each["format"]["type"] for each in formats] == ["json_schema", "json_object", None]


@pytest.mark.parametrize(("mode", "steps"), [("json_schema", 2), ("json_object", 1), ("prompt", 0)])
def test_it_starts_where_the_operator_says(mode: OutputMode, steps: int) -> None:
    """And goes down only."""
    asking = Asking.chat(output_mode=mode, max_tokens_field="max_tokens", temperature=None)
    assert len(in_turn(asking, "response_format", CHAT.request, "response_format")) == steps + 1


def test_the_limit_is_renamed() -> None:
    """From the name that is configured to the other; the other wire has one name, and can do without."""
    assert in_turn(CHAT_ASKING, "max_tokens", CHAT.request, "max_tokens") == [9, None]
    assert in_turn(CHAT_ASKING, "max_tokens", CHAT.request, "max_completion_tokens") == [None, 9]
    other = Asking.chat(output_mode="prompt", max_tokens_field="max_completion_tokens", temperature=None)
    assert in_turn(other, "max_tokens", CHAT.request, "max_completion_tokens") == [9, None]
    assert in_turn(other, "max_tokens", CHAT.request, "max_tokens") == [None, 9]
    assert in_turn(RESPONSES_ASKING, "max_tokens", RESPONSES.request, "max_output_tokens") == [9, None]


def test_what_can_be_done_without_is_left_out() -> None:
    """Usage figures, and a temperature; what was not sent is nothing to give up."""
    assert in_turn(CHAT_ASKING, "stream_options", CHAT.request, "stream_options") == [{"include_usage": True}, None]
    assert in_turn(RESPONSES_ASKING, "stream_options", RESPONSES.request, "stream_options") == [None]
    for asking, request in [(CHAT_ASKING, CHAT.request), (RESPONSES_ASKING, RESPONSES.request)]:
        assert in_turn(asking, "temperature", request, "temperature") == [0.5, None]
    no_temperature = Asking.responses(output_mode="prompt", temperature=None)
    assert in_turn(no_temperature, "temperature", RESPONSES.request, "temperature") == [None]


def test_a_request_of_the_responses_wire() -> None:
    """Nothing is left with the server."""
    assert RESPONSES.request(PROMPT, RESPONSES_ASKING) == {
        "instructions": "s",
        "input": "u",
        "stream": True,
        "store": False,
        "max_output_tokens": 9,
        "temperature": 0.5,
        "text": {
            "format": {"type": "json_schema", "name": "summary", "strict": True, "schema": {"type": "object"}},
        },
    }


FASTAPI = {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        # the SDK hands over what is in `error`, else all of the body
        ({"message": "no", "param": "response_format"}, ["response_format"]),
        ({"message": "no", "param": "response_format.json_schema.schema"}, ["response_format"]),
        ({"message": "no", "param": "text.format"}, ["response_format"]),
        ({"message": "use 'max_completion_tokens', not 'max_tokens'", "param": "max_tokens"}, ["max_tokens"]),
        ({"message": "no", "param": "max_output_tokens"}, ["max_tokens"]),
        ({"message": "Unknown name \"stream_options\": Cannot find field.", "param": None}, ["stream_options"]),
        ({"message": "This response_format type is unavailable now"}, ["response_format"]),
        ({"message": "This model does not support response format `json_schema`."}, ["response_format"]),
        ({"object": "error", "message": "temperature, stream_options"}, ["temperature", "stream_options"]),
        ({"object": "error", "message": {"detail": [FASTAPI]}, "type": "invalid_request_error"}, ["stream_options"]),
        ({"detail": [FASTAPI | {"input": {"temperature": 1}, "ctx": "max_tokens"}]}, ["stream_options"]),
        ({"detail": "temperature is not supported"}, ["temperature"]),
        ([{"error": {"code": 400, "message": "Unknown name \"max_tokens\""}}], ["max_tokens"]),
        ({"details": [{"fieldViolations": [{"field": "response_format", "description": "no"}]}]}, ["response_format"]),
        ("stream_options is not allowed", ["stream_options"]),
        ({"message": "temperature " + "x" * 5000 + " max_tokens"}, ["temperature"]),
        ({"message": "max_tokens_total, my_temperature, temperatures, formats"}, []),
        ({"message": "model not found", "param": "model"}, []),
        ({"failed_generation": "temperature", "code": "max_tokens", "param": 7}, []),
        ({"error": [{"error": [{"error": [{"error": "temperature"}]}]}]}, []),
        ({"detail": [{"msg": "no"}] * 16 + [FASTAPI]}, []),
        (None, []),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_refusal_names(body: object, named: list[Parameter]) -> None:
    """As OpenAI says it, FastAPI, Mistral, Gemini, or in words; what quotes our request is not looked at."""
    assert refused_parameters(body) == named
