"""`/docs`: the document for people."""

import base64
import hashlib
from html.parser import HTMLParser

from typing_extensions import override

from streamsum.web.openapi.document import document
from streamsum.web.openapi.markup import element, page, paragraphs
from streamsum.web.openapi.page import rendered, style
from tests.scripted import ScriptedUpstream
from tests.servers import served


class Read(HTMLParser):
    """What is in a page."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.feed(html.decode())
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(str(value))
            elif name == "href":
                self.links.append(str(value))
            elif name in {"src", "srcset", "action", "style"}:
                self.sources.append(str(value))


async def test_it_is_served_and_may_load_nothing() -> None:
    """Neither from elsewhere nor from here: no script, no font, no frame."""
    async with served(ScriptedUpstream()) as service:
        response = await service.client.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    rules = dict(rule.split(" ", 1) for rule in response.headers["content-security-policy"].split("; "))
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert f"<style>{style()}</style>" in response.text
    read = Read(response.content)
    assert read.sources == []
    assert not {"script", "link", "img", "iframe", "form", "object", "base"} & set(read.tags)
    assert "url(" not in style()
    assert "@import" not in style()


def test_all_of_the_document_is_there() -> None:
    """Every operation, type and parameter; and every link leads somewhere on the page, but the one to the document."""
    said, read = document(), Read(rendered())
    operations = [
        operation["operationId"]
        for item in said["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert read.ids == [*operations, *said["components"]["schemas"]]
    assert {link for link in read.links if link not in {f"#{id}" for id in read.ids}} == {"openapi.json"}


def test_nothing_in_the_words_is_markup() -> None:
    """Elements are made of elements; text is text."""
    made = page(element("p", *paragraphs("a <b> & `c<d>`\n\n- one\n- `two`")))
    assert made == (
        b"<!doctype html>\n<p><p>a &lt;b&gt; &amp; <code>c&lt;d&gt;</code></p>"
        b"<ul><li>one</li><li><code>two</code></li></ul></p>"
    )
