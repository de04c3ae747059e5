"""HTML as elements, so that nothing in them can be taken for markup; and the little of Markdown that our words use."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

_CODE = re.compile(r"`([^`]+)`")


def element(tag: str, *inside: "Element | str", **attributes: str) -> Element:
    """An element; `class_` is `class`."""
    made = Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    for each in inside:
        if isinstance(each, Element):
            made.append(each)
        else:
            _add_text(made, each)
    return made


def words(text: str) -> Iterator[Element | str]:
    """A line of text, with what stands between backticks as code."""
    for n, part in enumerate(_CODE.split(text)):
        if part:
            yield element("code", part) if n % 2 else part


def paragraphs(text: str) -> Iterator[Element]:
    """Text with blank lines between its paragraphs; one whose lines begin with a dash is a list."""
    for block in text.strip().split("\n\n"):
        if block.startswith("- "):
            yield element("ul", *(element("li", *words(item.removeprefix("- "))) for item in block.split("\n")))
        else:
            yield element("p", *words(block))


def page(html: Element) -> bytes:
    """The whole, as it is sent."""
    written: bytes = tostring(html, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + written


def _add_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
