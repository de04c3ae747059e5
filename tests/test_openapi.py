"""The document: what it says is all there is, it is valid, and it is the one that is committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from streamsum.core.events import Bullet, BulletRejected
from streamsum.core.models import SummaryRequest
from streamsum.core.refusals import validate
from streamsum.core.replies import BulletReply, RejectionReply
from streamsum.errors import PROBLEMS, RequestRefused
from streamsum.web.endpoints import ROUTES
from streamsum.web.openapi.document import document, encoded
from streamsum.web.openapi.words import FIELDS
from streamsum.web.resources import Resource
from tests.scripted import ScriptedUpstream
from tests.servers import served

COMMITTED = Path(__file__).parent.parent / "openapi.json"
# What people look at, and programs do not call.
PAGES = ("/", "/static/{name}")


def test_the_committed_document_is_the_one_that_is_served() -> None:
    """`make openapi` writes it."""
    assert COMMITTED.read_bytes() == encoded()


def test_it_is_openapi_3_2() -> None:
    """By the specification's own schema."""
    openapi_spec_validator.validate(document())
    assert document()["openapi"] == "3.2.0"


def test_every_route_is_in_it_and_nothing_else() -> None:
    """With its methods."""
    routes = {route.path: set(route.app.methods) for route in ROUTES if isinstance(route.app, Resource)}
    described = {
        path: {method.upper() for method in item if method != "parameters"}
        for path, item in document()["paths"].items()
    }
    assert {path: methods for path, methods in routes.items() if path not in PAGES} == described


def test_every_problem_is_some_operations() -> None:
    """Or the answer to what is no operation; and there is no other."""
    missing = document()["components"]["responses"]["MethodNotAllowed"]
    assert "Allow" in missing["headers"]
    assert set(codes()) | set(codes_of(missing)) == PROBLEMS.keys()


@pytest.mark.parametrize(("path", "method"), [("/v1/summaries/{id}", "delete"), ("/v1/summaries/{id}/events", "get")])
def test_what_is_not_counted_is_not_refused_for_its_number(path: str, method: str) -> None:
    """DELETE, and who follows."""
    responses = document()["paths"][path][method]["responses"]
    assert "429" not in responses
    assert not {"rate_limited", "limiter_unavailable"} & {
        code for each in responses.values() for code in codes_of(each)
    }


def test_who_follows_is_not_told_that_the_log_is_away() -> None:
    """The answer is an empty stream then."""
    assert "503" not in document()["paths"]["/v1/summaries/{id}/events"]["get"]["responses"]


@pytest.mark.parametrize(("path", "name"), [("/v1/summaries", "text"), ("/stream", "q")])
def test_a_cursor_stands_for_the_text(path: str, name: str) -> None:
    """So it is not `required`, and its words say when it is needed."""
    by_name = {each["name"]: each for each in document()["paths"][path]["get"]["parameters"]}
    assert "required" not in by_name[name]
    assert by_name[name]["description"].endswith("Needed, unless there is a cursor.")


async def test_a_streams_headers_are_named() -> None:
    """Those that other answers have not."""
    named = {name.lower() for name in document()["paths"]["/stream"]["get"]["responses"]["200"]["headers"]}
    async with served(ScriptedUpstream(script=['{"bullets": ["A lamp."]}'])) as service:
        response = await service.client.get("/stream", params={"q": "A lamp was lit."})
    own = {"location", "cache-control", "x-accel-buffering"}
    assert own <= response.headers.keys() & named


def test_every_header_is_somewhere() -> None:
    """And there is no other."""
    said = json.dumps(document())
    assert all(f'"#/components/headers/{name}"' in said for name in document()["components"]["headers"])


def codes() -> Iterator[str]:
    for item in document()["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                for answer in operation["responses"].values():
                    yield from codes_of(answer)


def codes_of(answer: dict[str, Any]) -> list[str]:
    problem = answer.get("content", {}).get("application/problem+json")
    return problem["schema"]["properties"]["code"]["enum"] if problem else []


def test_every_field_has_its_words() -> None:
    """And there are words for no other."""
    schemas = {
        name: set(schema["properties"])
        for name, schema in document()["components"]["schemas"].items()
        if name != "EventStreamItem"
    }
    assert {name: set(words) for name, words in FIELDS.items()} == schemas


def test_what_is_sent_is_there() -> None:
    """A field that may be missing is one that is left out by a rule."""
    schemas = document()["components"]["schemas"]
    missing = {name: set(schema["properties"]) - set(schema.get("required", ())) for name, schema in schemas.items()}
    missing.pop("SummaryRequest")
    assert {name: fields for name, fields in missing.items() if fields} == {
        "Bullet": {"item"},
        "BulletReply": {"item"},
        "Problem": {"errors", "max_chars", "retry_after"},
        "EventStreamItem": {"id", "retry"},
    }


def test_a_reply_has_its_events_fields() -> None:
    """All but the type."""
    assert Bullet.model_fields.keys() - {"type"} == BulletReply.model_fields.keys()
    assert BulletRejected.model_fields.keys() - {"type"} == RejectionReply.model_fields.keys()


REQUESTS: list[dict[str, Any]] = [
    {},
    {"text": ""},
    {"text": " \n"},
    {"text": "a\0"},
    {"text": 1},
    {"text": "a"},
    {"text": "a", "max_bullets": 0},
    {"text": "a", "max_bullets": 50},
    {"text": "a", "max_bullets": 51},
    {"text": "a", "max_bullet_chars": 19},
    {"text": "a", "max_bullet_chars": 1000},
    {"text": "a", "focus": "x" * 500},
    {"text": "a", "focus": "x" * 501},
    {"text": "a", "focus": "\0"},
    {"text": "a", "focus": None},
    {"text": "a", "language": "pt-BR"},
    {"text": "a", "language": "the one I like"},
    {"text": "a", "language": "a"},
    {"text": "a", "evidence": "require"},
    {"text": "a", "evidence": "require", "preview": True},
    {"text": "a", "evidence": "require", "preview": False},
    {"text": "a", "evidence": "never"},
    {"text": "a", "on_disconnect": "finish"},
    {"text": "a", "stream": "false"},
    {"text": "a", "model": None},
    {"text": "a", "unknown": 1},
]


@pytest.mark.parametrize("request_", REQUESTS, ids=json.dumps)
def test_the_schema_of_the_request_is_its_validator(request_: dict[str, Any]) -> None:
    """What one takes, the other takes."""
    schema = {"$ref": "#/components/schemas/SummaryRequest", "components": document()["components"]}
    fits = jsonschema.Draft202012Validator(schema).is_valid(request_)
    if fits:
        assert validate(request_, models=()) == SummaryRequest(**request_)
    else:
        with pytest.raises(RequestRefused):
            validate(request_, models=())


async def test_it_is_served() -> None:
    """To whoever asks, as JSON."""
    async with served(ScriptedUpstream()) as service:
        response = await service.client.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.content == encoded()
