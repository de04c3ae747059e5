"""`/docs`: the document for people, as one page of HTML without a script, and without anything from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element

from streamsum.web.openapi.document import document
from streamsum.web.openapi.markup import element, page, paragraphs, words
from streamsum.web.openapi.schemas import PREFIX


@cache
def rendered() -> bytes:
    """The page."""
    said = document()
    operations = list(_operations(said["paths"]))
    html = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("title", "streamsum: the API"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("style", style()),
        ),
        element(
            "body",
            element("header", element("h1", "streamsum ", element("small", said["info"]["version"]))),
            _contents(operations, said["components"]["schemas"]),
            element("main", *_main(said, operations)),
        ),
        lang="en",
    )
    return page(html)


@cache
def style() -> str:
    """What it looks like; allowed by its hash."""
    return files(__package__).joinpath("docs.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The page may load nothing, run nothing, be framed by nobody: https://www.w3.org/TR/CSP3/."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


_Cell = list[Element | str]
_Operation = tuple[str, str, dict[str, Any], list[dict[str, Any]]]


def _operations(paths: dict[str, Any]) -> Iterator[_Operation]:
    """Path, method, the operation, and all of its parameters."""
    for path, item in paths.items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method.upper(), operation, item.get("parameters", []) + operation.get("parameters", [])


def _contents(operations: list[_Operation], schemas: dict[str, Any]) -> Element:
    links = [
        element("li", element("a", element("b", method), f" {path}", href=f"#{operation['operationId']}"))
        for path, method, operation, _ in operations
    ]
    models = [element("li", element("a", name, href=f"#{name}")) for name in schemas]
    return element(
        "nav", element("h2", "Routes"), element("ul", *links), element("h2", "Types"), element("ul", *models)
    )


def _main(said: dict[str, Any], operations: list[_Operation]) -> Iterator[Element]:
    yield from paragraphs(said["info"]["description"])
    yield element("p", "As a file: ", element("a", "openapi.json", href="openapi.json"), " (OpenAPI 3.2).")
    for each in operations:
        yield _operation(*each)
    for name, schema in said["components"]["schemas"].items():
        yield _schema(name, schema)


def _operation(path: str, method: str, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> Element:
    heading = element("h2", element("b", method, class_=method.lower()), " ", element("code", path))
    inside = [heading, element("p", operation["summary"], class_="summary")]
    inside += paragraphs(operation["description"]) if "description" in operation else []
    if "requestBody" in operation:
        [(kind, media)] = operation["requestBody"]["content"].items()
        inside.append(element("p", "Body: ", element("code", kind), ", ", _type(media["schema"]), "."))
    if parameters:
        inside.append(_table(("parameter", "in", "type", "meaning"), [_parameter(each) for each in parameters]))
    rows = [_answer(status, answer) for status, answer in operation["responses"].items()]
    inside.append(_table(("status", "body", "meaning"), rows))
    return element("section", *inside, id=operation["operationId"])


def _parameter(parameter: dict[str, Any]) -> list[_Cell]:
    name: _Cell = [element("code", parameter["name"])]
    if parameter.get("required"):
        name += [element("br"), element("small", "required")]
    return [name, [parameter["in"]], [_type(parameter["schema"])], list(words(parameter["description"]))]


def _answer(status: str, answer: dict[str, Any]) -> list[_Cell]:
    bodies: _Cell = []
    for kind, media in answer.get("content", {}).items():
        bodies.append(element("div", element("code", kind), " ", _type(media.get("itemSchema") or media["schema"])))
    said = list(words(answer["description"]))
    sent = ", ".join(f"`{name}`" for name in answer["headers"] if name != "X-Request-ID")
    return [[status], bodies, [*said, *words(f" With {sent}." if sent else "")]]


def _schema(name: str, schema: dict[str, Any]) -> Element:
    rows: list[list[_Cell]] = []
    for field, what in schema["properties"].items():
        label: _Cell = [element("code", field)]
        if field not in schema.get("required", ()):
            label += [element("br"), element("small", "not always")]
        rows.append([label, [_type(what)], list(paragraphs(what.get("description", "")))])
    inside = [element("h2", name), *paragraphs(schema["description"]), _table(("field", "type", "meaning"), rows)]
    if "oneOf" in schema:
        events: list[list[_Cell]] = [
            [[element("code", each["title"])], [_type(each["properties"]["data"]["contentSchema"])]]
            for each in schema["oneOf"]
        ]
        inside.append(_table(("event", "data"), events))
    return element("section", *inside, id=name)


def _table(titles: tuple[str, ...], rows: list[list[_Cell]]) -> Element:
    head = element("tr", *(element("th", title, scope="col") for title in titles))
    body = [element("tr", *(element("td", *cell) for cell in row)) for row in rows]
    return element("table", element("thead", head), element("tbody", *body))


def _type(schema: dict[str, Any]) -> Element:
    """In a few words; a link, where there is more to say."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        return element("a", name, href=f"#{name}")
    if "items" in schema:
        return element("span", "array of ", _type(schema["items"]))
    if "anyOf" in schema:
        first, *others = (_type(each) for each in schema["anyOf"])
        return element("span", first, *(part for each in others for part in (" or ", each)))
    said = [str(schema.get("type", "string" if "enum" in schema else "any"))]
    if "const" in schema:
        said.append(f"“{schema['const']}”")
    if "enum" in schema and len(schema["enum"]) <= _SHOWN:
        said.append(" | ".join(str(each) for each in schema["enum"]))
    said += [f"{words} {schema[rule]}" for rule, words in _RULES.items() if rule in schema]
    return element("span", ", ".join(said))


# More are listed where they are explained.
_SHOWN = 8

_RULES = {"minimum": "at least", "maximum": "at most", "maxLength": "characters, at most", "default": "by default"}
