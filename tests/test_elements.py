"""core/elements.py, value.py and lead.py: deltas in, closed elements out."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamsum.core.document import DocumentEnd, Element, Limits, Outcome
from streamsum.core.elements import ElementDecoder
from streamsum.core.strict import LoneSurrogate, NotStrict
from tests import judge

VALID = [
    '{"bullets": ["one", "two"]}',
    '{"bullets": [{"text": "one"}, {"text": "two", "quote": "deux"}]}',
    '["one", {"text": "two"}]',
    ' \n{"bullets"\t:\r\n[ "one" , "two" ] , "n" : 1 } \n',
    '{"bullets": []}',
    '{"bullets": [1, -2.5e3, true, false, null, "s", [1, [2]], {"a": {"b": []}}]}',
    '{"title": "a \\"bullets\\": [", "meta": {"bullets": ["no"]}, "bullets": ["yes"], "after": {"bullets": ["no"]}}',
    '{"n": 0.5, "t": true, "list": ["no", ["bullets"]], "bullets": ["yes"]}',
    r'{"bullets": ["a \\ b \" c ] } [ {", "\\", "\\\\\"", "\u00e9\ud83d\ude00\n\t\/"]}',
    r'{"\u0062ullets": ["escaped key"]}',
    '{"bullets": ["naïve 日本語 😀 \u2028"]}',
    '{"bullets": ["a"], "more": ["b", {"bullets": ["c"]}]}',
    '{"bullets":[{"text":"nested","x":{"y":[{"z":"]}"}]}}]}',
]


def decode(cuts: Iterable[str], limits: Limits | None = None) -> tuple[list[Element], DocumentEnd, str]:
    decoder = ElementDecoder(limits=limits)
    elements = [element for cut in cuts for element in decoder.feed(cut)]
    return elements, decoder.close(), decoder.follower


def summary(result: tuple[list[Element], DocumentEnd, str]) -> Any:
    elements, end, follower = result
    return [(element.text, repr(element.fault)) for element in elements], end, follower


def values(document: str) -> list[Any]:
    return [element.value for element in decode([document])[0]]


@pytest.mark.parametrize("document", VALID)
def test_every_cut_of_a_valid_document_gives_what_ijson_finds(document: str) -> None:
    """Cut in two anywhere, or into single characters: the same elements, closed and strictly valid."""
    expected = judge.elements(document)
    cuts = [[document[:at], document[at:]] for at in range(len(document) + 1)]
    for cut in [*cuts, list(document)]:
        elements, end, _ = decode(cut)
        assert [element.value for element in elements] == expected
        assert [json.loads(element.text) for element in elements] == expected
        assert end == DocumentEnd(Outcome.CLOSED, has_array=True, elements=len(expected), valid=True)


@pytest.mark.parametrize("document", [d for d in VALID if "bullets" in d])
def test_an_element_is_out_at_its_closing_character(document: str) -> None:
    """One character less, and it is not there; scalars alone wait for their delimiter."""
    decoder = ElementDecoder()
    for at, char in enumerate(document):
        for element in decoder.feed(char):
            end = at if element.text[0] not in '"{[' else at + 1
            assert document[:end].endswith(element.text)


@pytest.mark.parametrize("document", VALID)
def test_an_empty_delta_changes_nothing(document: str) -> None:
    """A read may bring reasoning only, anywhere: behind a backslash, in a word, before the document."""
    with_empty = [piece for char in document for piece in ("", char, "")]
    assert summary(decode(with_empty)) == summary(decode([document]))


def test_several_elements_in_one_delta() -> None:
    """A whole document in one read gives all of its elements in order."""
    assert values('{"bullets": ["a", "b", {"text": "c"}]}') == ["a", "b", {"text": "c"}]


@pytest.mark.parametrize(
    ("lead", "found"),
    [
        ("Sure! Here are your 5 bullets:\n", True),
        ("```json\n", True),
        ("Here you go [1], in {braces} and [brackets]:\n\n```\n", True),
        ('The keys are "bullets": and {"quoted"} too. ', True),
        ('<think>{"bullets": ["draft"]} or ["draft"]?</think>\n', True),
        ("<think>a</think>prose<think>" + "b" * 10_000 + "</think>", True),
        ("a <b> <thin <think", True),
        ("an empty [] or {} is nothing ", True),
        ("x" * 4096, True),
        ("x" * 4097, False),
        ("<think>never closed ", False),
    ],
)
def test_what_stands_before_the_document_is_skipped(lead: str, found: bool) -> None:
    """Thinking, prose, fences and brackets in prose are passed over, whatever the cutting."""
    text = lead + '{"bullets": ["yes"]}\n```\nprose ["no"] {"bullets": ["no"]}'
    for cut in ([text], list(text), [text[: len(lead) + 1], text[len(lead) + 1 :]], [lead, text[len(lead) :]]):
        elements, end, _ = decode(cut)
        assert [element.value for element in elements] == (["yes"] if found else [])
        assert end.outcome is (Outcome.CLOSED if found else Outcome.ABSENT)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ('Bullets: ["a", "b"]', Outcome.CLOSED),
        ('```\n["a", "b"]\n```', Outcome.CLOSED),
        ('[{"text": "a"}, {"text": "b"}]', Outcome.CLOSED),
        ('{bullets: ["a", "b"]}', Outcome.ABSENT),
        ('{\'bullets\': ["a", "b"]}', Outcome.ABSENT),
        ('[1, ["a", "b"]]', Outcome.ABSENT),
        ("{}", Outcome.CLOSED),
        ("```json\n[]", Outcome.CLOSED),
        ("[ ] to do", Outcome.CLOSED),
        ("- [ ] to do", Outcome.ABSENT),
        ("no brackets", Outcome.ABSENT),
        ("", Outcome.ABSENT),
        ("{", Outcome.ABSENT),
        ('{"bullets', Outcome.ABSENT),
        ('{"bullets" ', Outcome.ABSENT),
        ('{"bullets":', Outcome.OPEN),
        ('{"b\\', Outcome.ABSENT),
    ],
)
def test_the_document_is_known_by_its_structure(text: str, outcome: Outcome) -> None:
    """A bracket alone is not a document; what is inside something broken is not one either."""
    for cut in ([text], list(text)):
        assert decode(cut)[1].outcome is outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"bullets": ["a", {"text": "b",}, "c"]}', ["a", NotStrict, "c"]),
        ('{"bullets": ["a", "b\nc", "d"]}', ["a", NotStrict, "d"]),
        ('{"bullets": ["a", oops, "d"]}', ["a", NotStrict, "d"]),
        ('{"bullets": [{"a": "b"], "c"]}', [NotStrict, "c"]),
        ('{"bullets": [[1}, "c"]}', [NotStrict, "c"]),
        ('{"bullets": [NaN, -Infinity, 1e999, "c"]}', [NotStrict, NotStrict, NotStrict, "c"]),
        ('{"bullets": [{"a": 1, "a": 2}, "c"]}', [NotStrict, "c"]),
        ('{"bullets": [' + "1" * 33 + ', "c"]}', [NotStrict, "c"]),
        ('{"bullets": [' + "1" * 32 + ', "' + "1" * 33 + '"]}', [int("1" * 32), "1" * 33]),
        ('{"bullets": [{"' + "k" * 65 + '": 1}, {"' + "k" * 64 + '": 1}]}', [NotStrict, {"k" * 64: 1}]),
        ('{"bullets": [[{"' + "k" * 65 + '": 1}], "c"]}', [NotStrict, "c"]),
        (r'{"bullets": ["\x", "c"]}', [NotStrict, "c"]),
        (r'{"bullets": ["\ud800", "c"]}', [LoneSurrogate, "c"]),
        ('{"bullets": ["\ud800", "c"]}', [LoneSurrogate, "c"]),
        (r'{"bullets": [{"a": "\udc00", "b": 1, "b": 2}, "c"]}', [NotStrict, "c"]),
        (r'{"bullets": [{"a": "\udc00", "b": NaN}, "c"]}', [NotStrict, "c"]),
        (r'{"bullets": [["\udc00", oops], "c"]}', [NotStrict, "c"]),
    ],
)
def test_a_broken_element_is_reported_and_the_next_is_found(text: str, expected: list[Any]) -> None:
    """Never a guess at what was meant; never the rest lost. Half a character alone does not break a document."""
    for cut in ([text], list(text)):
        elements, end, _ = decode(cut)
        assert [type(e.fault) if e.fault else e.value for e in elements] == expected
        assert end.outcome is Outcome.CLOSED
        assert end.valid is (NotStrict not in expected)


@pytest.mark.parametrize(
    "text",
    [
        '{"bullets": ["a" "b"]}',
        '{"bullets": ["a",]}',
        '{"bullets": [,"a"]}',
        '{"bullets": ["a"}}',
        '{"bullets": ["a"]]',
        '{"bullets": ["a"],}',
        '{"bullets": ["a"] "x": 1}',
        '{"bullets": ["a"], x: 1}',
        '{"bullets": ["a"], "x" 1}',
        '{"bullets": ["a"], "x": }',
        '{"bullets": ["a"], "x": ,}',
        '{"bullets": [: "a"]}',
        '["a"}',
        '["a", "b"} ["c"]',
        '{"x": 1 "bullets": ["a"]}',
        '{"bullets": [nul"a"]}',
    ],
)
def test_a_document_broken_outside_an_element_ends_there(text: str) -> None:
    """What closed before the break stays; nothing after it is read."""
    for cut in ([text], list(text)):
        elements, end, _ = decode([*cut, ', "more"]}'])
        assert end.outcome is Outcome.BROKEN
        assert not end.valid
        assert all(element.value in {"a", "b", None} for element in elements)


@pytest.mark.parametrize(
    ("text", "bullets"),
    [
        ('{"bullets": ["a"], "bullets": ["b"]}', ["a"]),
        ('{"bullets": 1, "bullets": ["b"]}', ["b"]),
        ('{"x": 1, "x": 2, "bullets": ["b"]}', ["b"]),
        ('{"x": NaN, "bullets": ["b"]}', ["b"]),
        ('{"x": [1}, "bullets": ["b"]}', ["b"]),
        ('{"x\n": 1, "bullets": ["b"]}', ["b"]),
        ('{"' + "k" * 65 + '": 1, "bullets": ["b"]}', ["b"]),
    ],
)
def test_what_is_cut_cleanly_but_not_strict_costs_only_validity(text: str, bullets: list[str]) -> None:
    """A key twice at the root (the first array counts), or a broken value beside the array: the bullets still come."""
    for cut in ([text], list(text)):
        elements, end, _ = decode(cut)
        assert [element.value for element in elements] == bullets
        assert end.outcome is Outcome.CLOSED
        assert not end.valid


@pytest.mark.parametrize("text", ['{"bullets": {"text": "a"}}', '{"bullets": "a"}', '{"x": ["a"]}', "{}"])
def test_no_array_under_the_key(text: str) -> None:
    """The end says so."""
    elements, end, _ = decode([text])
    assert elements == []
    assert end == DocumentEnd(Outcome.CLOSED, has_array=False, elements=0, valid=True)


SMALL = Limits(depth=3, element_chars=6, elements=3, document_chars=40, blank_run=4, lead_chars=5)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('["abcd", ', '["abcde"'),
        ("[[[", "[[[["),
        ('["a","b","c', '["a","b","c","'),
        ('["a"    ,', '["a"     '),
        ("[[1    ", "[[1     "),
        ('["a",{    ', '["a",{     '),
        ('{"x": "' + "a" * 33, '{"x": "' + "a" * 34),
        ('{"x": ' + "1" * 34, '{"x": ' + "1" * 35),
        ('{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g"', '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":'),
        ("    ", "     "),
    ],
)
def test_limits_act_at_the_offending_character(good: str, bad: str) -> None:
    """One character less is no harm, whatever the cutting; an array as the element makes brackets count."""
    good, bad = (t.replace("[[", '["a",[', 1) if t.startswith("[[") else t for t in (good, bad))
    for cut in (lambda t: [t], list):
        assert decode(cut(good), SMALL)[1].outcome is not Outcome.LIMIT
        assert decode(cut(bad), SMALL)[1].outcome is Outcome.LIMIT
        assert decode([*cut(bad), '"]}'], SMALL)[1].outcome is Outcome.LIMIT


def test_an_element_may_be_too_deep_at_its_first_bracket() -> None:
    """The document's own brackets count, and the limit does not wait for the next character."""
    for text in ('{"bullets": [{', '{"bullets": [[', '{"x": {"y": {'):
        for cut in ([text], list(text)):
            assert decode(cut, Limits(depth=2))[1].outcome is Outcome.LIMIT
            assert decode(cut, Limits(depth=3))[1].outcome is Outcome.OPEN


def test_white_space_in_a_row_is_counted_over_cuts() -> None:
    """Also where only its last character comes with the next read, and something after it."""
    for text, outcome in (('["a",{    "', Outcome.OPEN), ('["a",{     "', Outcome.LIMIT)):
        for at in range(len(text)):
            assert decode([text[:at], text[at:]], Limits(blank_run=4))[1].outcome is outcome


def test_white_space_apart_is_no_row() -> None:
    """What stands between, also a single comma or digit that comes as a read of its own, ends the count."""
    text = '["a", {"b":  [1  ,  2  ,  3  ,  4  ]  }  ]'
    for cut in ([text], list(text)):
        assert decode(cut, Limits(blank_run=2))[1].outcome is Outcome.CLOSED


def test_prose_over_its_limit_is_given_up() -> None:
    """No document will be found, and the decoder says that it is done."""
    decoder = ElementDecoder(limits=SMALL)
    assert decoder.feed("prose ") == []
    assert decoder.done
    assert decoder.feed('["a"]') == []
    assert decoder.close().outcome is Outcome.ABSENT


def test_too_much_prose_decides_before_what_comes_after_it() -> None:
    """White space behind the limit of prose, and a thought behind it, change nothing."""
    for text in ("prosey" + " " * 5, "prosey<think>", "pros{e}y"):
        for cut in ([text], list(text)):
            assert decode([*cut, '</think>["a"]'], SMALL)[1].outcome is Outcome.ABSENT


@pytest.mark.parametrize(
    ("text", "follower"),
    [('["a"', ""), ('["a" ', ""), ('["a"]', "]"), ('["a" ,', ","), ('["a","b', ","), ('["a"x', "x")],
)
def test_the_follower_is_what_comes_after_the_last_element(text: str, follower: str) -> None:
    """White space is passed over."""
    assert decode([text])[2] == decode(list(text))[2] == follower


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("", None),
        ('{"x": "abc', None),
        ('{"bullets": ["', ""),
        ('{"bullets": ["abc', "abc"),
        ('{"bullets": ["a", {"text": "abc', {"text": "abc"}),
        ('{"bullets": ["a", {"te', {}),
        ('{"bullets": ["a"', None),
        ('{"bullets": [nope', None),
    ],
)
def test_preview_shows_the_open_element(text: str, preview: Any) -> None:
    """As far as it has come; nothing where none is open, or where it is broken already."""
    decoder = ElementDecoder()
    for char in text:
        decoder.feed(char)
    assert decoder.preview() == preview


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: len(json.dumps(value)) < 1000)


@st.composite
def documents(draw: st.DrawFn) -> str:
    members = draw(st.dictionaries(st.text(max_size=8).filter(lambda key: key != "bullets"), json_values, max_size=3))
    items = [*members.items(), ("bullets", draw(st.lists(json_values, max_size=6)))]
    members = dict(draw(st.permutations(items)))
    return json.dumps(members, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))


@given(document=documents(), data=st.data())
@settings(deadline=None)
def test_any_valid_document_in_any_cutting_gives_what_ijson_finds(document: str, data: st.DataObject) -> None:
    """Random documents, random cuts: values, text and validity agree with parsers that share none of our code."""
    if judge.depth(json.loads(document)) > Limits().depth:
        return
    places = sorted(data.draw(st.sets(st.integers(0, len(document)), max_size=12)))
    cuts = [document[a:b] for a, b in zip([0, *places], [*places, None], strict=True)]
    elements, end, _ = decode(cuts)
    assert [element.value for element in elements] == judge.elements(document)
    assert end.valid
    assert judge.is_strict(document)


@given(document=documents(), data=st.data())
@settings(deadline=None)
def test_any_damage_gives_the_same_in_any_cutting(document: str, data: st.DataObject) -> None:
    """Characters lost, doubled or put in: no crash, the same result for every cutting, never valid what is not."""
    at = data.draw(st.integers(0, len(document)))
    junk = data.draw(st.text('[]{},:"\\ \n01eE.-ntf`<think>x\ud800', max_size=4))
    damaged = document[:at] + junk + document[at + data.draw(st.integers(0, 4)) :]
    whole = decode([damaged])
    assert summary(decode(list(damaged))) == summary(whole)
    if whole[1].valid:
        ends = [n for n, char in enumerate(damaged, 1) if char in "}]"]
        starts = [n for n, char in enumerate(damaged) if char in "{["]
        assert any(judge.is_strict(damaged[a:b]) for a in starts for b in ends if a < b)
