"""Random streams, each from its seed alone: a document, damaged or not, in what models write around it."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

_WORDS = (
    "a",
    "b",
    "the keeper",
    "été",
    "日本",
    "😀",
    "x" * 281,
    "",
    " ",
    "\u200b",
    "a\n b",
    "]}",
    '", "',
    "\\",
    '"',
    "{[",
)
_NUMBERS = (0, -1, 3, 2.5, -1e-7, 10**20, 1e300)
_LEADS = (
    "",
    "",
    "",
    "\n ",
    "```json\n",
    "Sure [1], {here}:\n",
    '<think>["no"] {"a": "b"}</think>',
    "Bullets: ",
    "<thin",
    "\ufeff",
)
_TAILS = ("", "", "", "\n", "\n```", " That is [all].", '["no"]', '{"bullets": ["no"]}', "]", "}", "<|im_end|>")
_JUNK = (
    *(
        '"',
        "\\",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        " ",
        "\n",
        "\t",
        "\x00",
        "e",
        "-",
        ".",
        "0",
        "tru",
        "null",
        "NaN",
        "1e999",
    ),
    *(
        "//",
        "'",
        "\ud800",
        "\\ud800",
        "\\u00",
        '\\"',
        '"}, {"',
        '", "',
        "[[[[[[[[",
        "1" * 33,
        '"bullets": ["x"], ',
        '"text": "y", ',
    ),
    *("<think>", "</think>", "```", "é", "\u2028", "…"),
)
_ENDLESS = ("x" * 300, " " * 1030, " ".join(map(str, range(900))), "[" * 10)


@dataclass(frozen=True)
class Stream:
    """What a model writes, and how it arrives."""

    text: str
    places: tuple[int, ...]  # of the cuts
    max_bullets: int


def stream(seed: str) -> Stream:
    """The same one for the same seed."""
    draw = random.Random(seed)
    text = draw.choice(_LEADS) + _damage(draw, _document(draw)) + draw.choice(_TAILS)
    places = tuple(draw.randrange(len(text) + 1) for _ in range(draw.randrange(12)))
    return Stream(text, places, draw.randint(1, 6))


def _document(draw: random.Random) -> str:
    items = [_item(draw) for _ in range(draw.randrange(6))]
    root: Any = items
    if draw.random() < 0.8:
        members = [(draw.choice("nmo"), _value(draw, 2)) for _ in range(draw.randrange(3))]
        members.insert(draw.randint(0, len(members)), ("bullets" if draw.random() < 0.95 else "points", items))
        root = dict(members)
    text = json.dumps(
        root,
        ensure_ascii=draw.random() < 0.5,
        indent=draw.choice((None, None, 1, "\t")),
        separators=draw.choice((None, None, (",", ":"), (" , ", " :\n"))),
    )
    # Now and then a key twice.
    return text.replace(draw.choice(('"n"', '"m"')), draw.choice(('"o"', '"bullets"'))) if draw.random() < 0.2 else text


def _item(draw: random.Random) -> Any:
    match draw.randrange(10):
        case 0 | 1 | 2 | 3:
            return draw.choice(_WORDS) + draw.choice("123456789")
        case 4 | 5 | 6:
            return {"text": draw.choice(_WORDS) + draw.choice("123")}
        case 7:
            return draw.choice(_WORDS)
        case 8:
            return {"text": draw.choice(_WORDS), draw.choice(("text", "quote")): _value(draw, 2)}
        case _:
            return _value(draw, 4)


def _value(draw: random.Random, depth: int) -> Any:
    kind = draw.randrange(8 if depth else 4)
    if kind < 2:
        return draw.choice(_WORDS)
    if kind < 4:
        return draw.choice((None, True, False, *_NUMBERS))
    inner = [_value(draw, depth - 1) for _ in range(draw.randrange(4))]
    return inner if kind < 6 else dict(zip(("k", "bullets", "text"), inner, strict=False))


def _damage(draw: random.Random, text: str) -> str:
    for _ in range(draw.choice((0, 0, 1, 1, 1, 2, 4))):
        a = draw.randrange(len(text) + 1)
        b = min(len(text), a + draw.choice((0, 1, 1, 2, 5, 20)))
        put = (
            draw.choice(("", text[a:b] * 2, *draw.sample(_JUNK, 2))) if draw.random() < 0.99 else draw.choice(_ENDLESS)
        )
        text = text[:a] + put + (text[b:] if draw.random() < 0.85 else "")
    return text


def shortest(stream: Stream, fails: Callable[[Stream], bool]) -> Stream:
    """As much taken out of its text as can be while it `fails`, cut everywhere or, if need be, where it was."""
    everywhere = replace(stream, places=tuple(range(len(stream.text))))
    size = len(stream.text) // 2 if fails(everywhere) else 0
    while size:
        at = 0
        while at < len(stream.text):
            text = stream.text[:at] + stream.text[at + size :]
            if fails(less := replace(stream, text=text, places=tuple(range(len(text))))):
                stream = less
            else:
                at += size
        size //= 2
    return stream
