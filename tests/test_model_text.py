"""What a model writes, over real HTTP: each row of *The model's text* in threats.md, in tokens and reads of many sizes.

A new threat is one line of `TEXTS`.
"""

import json
from dataclasses import dataclass, field

import pytest

from benchmarks.fake_upstream import Delivery, FakeUpstream, answer
from streamsum.settings import Settings
from tests import invariants
from tests.servers import environment_for, served

BULLETS = '{"bullets": ["One fact.", "Another fact."]}'
BOTH = ["One fact.", "Another fact."]


# What was withheld is not asked for again: the fake model would say it all again.
ONE_PASS = {"STREAMSUM_REASK": "0"}


@dataclass(frozen=True)
class Text:
    """What the model writes, and what must come of it."""

    name: str
    text: str
    bullets: list[str]
    finish: str = "complete"
    rejections: list[str] = field(default_factory=list)


def doc(*elements: str, after: str = "]}") -> str:
    """A document of elements as raw JSON text."""
    return '{"bullets": [' + ", ".join(elements) + after


A, B = '"A"', '"B"'

TEXTS = [
    # Before and after the document
    Text("nothing around it", BULLETS, BOTH),
    Text("a bare array", '["One fact.", {"text": "Another fact."}]', BOTH),
    Text("a fence", f"```json\n{BULLETS}\n```", BOTH),
    Text("prose and a fence", f"Sure [1]! Here {{are}} your bullets:\n\n```\n{BULLETS}\n```\nAnything else?", BOTH),
    Text("thinking", f"<think>{doc(A)} no, wait</think>\n{BULLETS}", BOTH),
    Text("much thinking", "<think>" + "hm " * 30_000 + f"</think>{BULLETS}", BOTH),
    Text("prose of 4 KiB", "p" * 4096 + BULLETS, BOTH),
    Text("prose over 4 KiB", "p" * 4097 + BULLETS, [], "failed:output_invalid"),
    Text("a second document", f"{BULLETS}\n{doc(A)}", BOTH),
    Text("prose after it", BULLETS + " I hope that helps! [" + "x" * 2000, BOTH),
    Text("no document", "I would rather talk about something else.", [], "failed:output_invalid"),
    # Broken
    Text("a trailing comma in an element", doc(A, '{"text": "x",}', B), ["A", "B"], "malformed", ["invalid_json"]),
    Text("a raw line break in a string", doc(A, '"x\ny"', B), ["A", "B"], "malformed", ["invalid_json"]),
    Text("a bare word for an element", doc(A, "oops", B), ["A", "B"], "malformed", ["invalid_json"]),
    Text("brackets of the wrong kind", doc(A, '{"text": "x"]', B), ["A", "B"], "malformed", ["invalid_json"]),
    Text("a missing comma", doc(f"{A} {B}"), ["A"], "malformed"),
    Text("a trailing comma in the array", doc(A, B, after=",]}"), ["A", "B"], "malformed"),
    Text("broken behind the array", doc(A, after="], oops}"), ["A"], "malformed"),
    Text("broken before any bullet", '{"bullets": [,"A"]}', [], "failed:malformed"),
    Text("open at the end", doc(A, '"B', after=""), ["A"], "failed:upstream_truncated"),
    # Another shape
    Text("unknown keys", doc(A, '{"text": "x", "why": 1}', B), ["A", "B"], "complete", ["schema"]),
    Text("an object for a string", doc(A, '{"text": {"en": "x"}}', B), ["A", "B"], "complete", ["schema"]),
    Text("numbers, null, arrays", doc("1", "null", "[]", A), ["A"], "complete", ["schema"] * 3),
    Text("nothing that passes", doc("1", "2"), [], "failed:output_invalid", ["schema"] * 2),
    Text("no array under the key", '{"bullets": "A"}', [], "failed:output_invalid"),
    Text("another key", '{"points": ["A"]}', [], "failed:output_invalid"),
    Text("the key at another depth", '{"x": {"bullets": ["no"]}, "bullets": ["A"]}', ["A"]),
    Text("an empty array", doc(), []),
    # Limits
    Text("depth over 8", doc(A, "[" * 7), ["A"], "limit"),
    Text("an element over 16 KiB", doc(A, '"' + "x" * 16_400), ["A"], "limit"),
    Text("over 200 elements", doc(A, *["1"] * 200), ["A"], "limit", ["schema"] * 199),
    Text("a document over 64 KiB", '{"x": "' + "x" * 65_600 + f'", "bullets": [{A}]}}', [], "failed:limit"),
    Text("over 1 KiB of white space", doc(A, " " * 1025, B), ["A"], "limit"),
    Text("1 KiB of white space", doc(A, " " * 1023 + B), ["A", "B"]),
    # Not strict
    Text("NaN in an element", doc(A, '{"text": NaN}', B), ["A", "B"], "malformed", ["invalid_json"]),
    Text("a key twice in an element", doc(A, '{"text": "x", "text": "y"}'), ["A"], "malformed", ["invalid_json"]),
    Text("a number over 32 characters", doc(A, "1" * 33), ["A"], "malformed", ["invalid_json"]),
    Text("a key over 64 characters", doc(A, '{"' + "k" * 65 + '": 1}'), ["A"], "malformed", ["invalid_json"]),
    Text("Infinity outside", f'{{"x": Infinity, "bullets": [{A}]}}', ["A"], "malformed"),
    Text("a key twice outside", f'{{"bullets": [{A}], "bullets": [{B}]}}', ["A"], "malformed"),
    Text("a long number outside", f'{{"x": {"1" * 33}, "bullets": [{A}]}}', ["A"], "malformed"),
    Text("a long key outside", f'{{"{"k" * 65}": 1, "bullets": [{A}]}}', ["A"], "malformed"),
    # Again
    Text("the same bullet again", doc(A, A, B), ["A", "B"], "complete", ["duplicate"]),
    Text("three in a row", doc(A, *[A] * 9), ["A"], "loop", ["duplicate"] * 3),
    # Text
    Text("escapes", doc(r'"\u00e9 \ud83d\ude00 \" \\ \/ {[,]}"'), ['é 😀 " \\ / {[,]}']),
    Text("raw characters of all planes", doc('"naïve 日本語 😀"'), ["naïve 日本語 😀"]),
    Text("white space in a bullet", doc(r'"  a\n\tb\r\n c "'), ["a b c"]),
    Text(
        "frames in a bullet", doc(r'"x\n\ndata: {}\nid: 9\n\nevent: error\u2028y"'), ["x data: {} id: 9 event: error y"]
    ),
    Text("HTML stays text", doc(r'"<script>alert(1)</script> <a href=x>"'), ["<script>alert(1)</script> <a href=x>"]),
    *[
        Text(f"unsafe: {what}", doc(A, f'"x{what}y"'), ["A"], "complete", ["unsafe"])
        for what in (
            r"\u0000",
            r"\u0007",
            r"\u001b[31m",
            r"\u007f",
            r"\u0085",
            r"\u202e",
            r"\u2067",
            r"\udb40\udc41",
            r"\ud83d",
        )
    ],
    Text("nothing but zero width", doc(A, r'"\u200b\u200d\ufeff"'), ["A"], "complete", ["blank"]),
    Text("too long", doc(A, '"' + "x" * 281 + '"'), ["A"], "complete", ["too_long"]),
    Text("more than was asked for", doc(*[f'"{n}"' for n in range(9)]), list("01234"), "max_bullets"),
    Text("as many as were asked for", doc(*[f'"{n}"' for n in range(5)]), list("01234")),
]


def deliveries(it: Text) -> list[tuple[int, int]]:
    """Characters a token, bytes a read (0: as they come)."""
    return [(4, 0), (1, 0), (7, 61), (10_000, 0)] if len(it.text) < 5_000 else [(64, 0), (100_000, 0)]


@pytest.mark.parametrize("it", TEXTS, ids=lambda it: it.name)
async def test_what_a_model_writes(it: Text) -> None:
    """The bullets that are sound, the rejections of the others, the finish of the contract: in any cutting the same."""
    seen = []
    for token_chars, cut in deliveries(it):
        script = answer(it.text, token_chars=token_chars)
        async with FakeUpstream(script, delivery=Delivery(cut=cut)) as model:
            async with served(None, settings=Settings.read(environment_for(model) | ONE_PASS)) as service:
                response = await service.client.get("/stream?q=A+source.")
            assert await (await model.next_call()).closed(within=1)
        received = invariants.check(response.content)
        assert (received.bullets, received.rejections, received.finish) == (it.bullets, it.rejections, it.finish)
        seen.append([event for event in received.comparable if event is not received.last])
    assert all(json.dumps(events[:-1]) == json.dumps(seen[0][:-1]) for events in seen)
