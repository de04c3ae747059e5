"""core/summary.py: passes over one source in, events out."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from streamsum.core.events import Bullet, BulletRejected, SummaryCompleted, SummaryFailed
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, End
from streamsum.core.summary import Summary
from tests.playing import BILL, finish, outline, play

CASES = [
    ('{"bullets": ["a", "b"]}', ["a", "b"], "complete"),
    ('{"bullets": []}', [], "complete"),
    ('{"bullets": ["a", 1, "a", {"text": "b"}]}', ["a", "-schema", "-duplicate", "b"], "complete"),
    ('{"bullets": ["a", {"x",}, "b"]}', ["a", "-invalid_json", "b"], "malformed"),
    ('{"bullets": [1, 2]}', ["-schema", "-schema"], "failed:output_invalid"),
    ('{"points": ["a"]}', [], "failed:output_invalid"),
    ("I cannot do that.", [], "failed:output_invalid"),
    ("x" * 5000, [], "failed:output_invalid"),
    ('{"bullets": ["a" "b"]}', ["a"], "malformed"),
    ('{"bullets": ["a", "b', ["a"], "failed:upstream_truncated"),
    ('{"bullets": ["1", "2", "3"]}', ["1", "2", "3"], "complete"),
    ('{"bullets": ["1", "2", "3", "4"]}', ["1", "2", "3"], "max_bullets"),
    ('{"bullets": ["1", "2", "3",]}', ["1", "2", "3"], "max_bullets"),
    ('{"bullets": ["1", "2", "3" "4"]}', ["1", "2", "3"], "max_bullets"),
    ('{"bullets": ["1", "2", "3" ', ["1", "2", "3"], "failed:upstream_truncated"),
    ('{"bullets": ["1", "2", "3"], "more": [[[[[[[[[[', ["1", "2", "3"], "limit"),
    ('{"bullets": ["1", "2", "3", [[[[[[[[[[', ["1", "2", "3"], "max_bullets"),
    ('{"bullets": ["1", "2", "3"], oops', ["1", "2", "3"], "malformed"),
    ('{"bullets": ["a", "a", "a", "a", "b"]}', ["a", "-duplicate", "-duplicate", "-duplicate"], "loop"),
    (
        '{"bullets": ["a", "a", "a", 1, "a", "b"]}',
        ["a", "-duplicate", "-duplicate", "-schema", "-duplicate", "b"],
        "complete",
    ),
    ('{"bullets": [[[[[[[[[[', [], "failed:limit"),
    ('{"bullets": ["' + "x" * 17_000, [], "failed:limit"),
]


@pytest.mark.parametrize(("text", "expected", "how"), CASES)
def test_a_document_gives_its_events_in_any_cutting(text: str, expected: list[str], how: str) -> None:
    """At one go, cut in two anywhere, and character by character."""
    cuts = [[text], [text[i : i + 1] for i in range(len(text))]]
    if len(text) < 200:
        cuts += [[text[:at], text[at:]] for at in range(len(text))]
    for cut in cuts:
        events, last = play(cut, max_bullets=3)
        assert outline(events) == expected
        assert finish(last) == how


def test_bullets_count_without_gaps_and_the_ledger_adds_up() -> None:
    """Rejections take no index; the digest is over the texts, each followed by a line feed."""
    events, last = play(['{"bullets": ["a", 1, "b", "b", "é"]}'])
    bullets = [event for event in events if isinstance(event, Bullet)]
    assert [bullet.index for bullet in bullets] == [0, 1, 2]
    assert isinstance(last, SummaryCompleted)
    assert (last.bullets, last.rejected, last.duplicates, last.repaired) == (3, 2, 1, 0)
    assert last.digest == hashlib.sha256("a\nb\né\n".encode()).hexdigest()
    assert last.passes == BILL.passes
    assert last.timing == BILL.timing


def test_wants_tells_what_to_do_with_the_model() -> None:
    """More until the last bullet; then the tail until it is known whether the model goes on."""
    summary = Summary(SummaryRequest(text="source", max_bullets=1))
    told = []
    for delta in ('{"bullets": ["a', '"', " ", "]", ', "n": 1', "}", "after"):
        summary.receive_deltas(delta)
        told.append(summary.wants)
    assert told == ["more", "tail", "tail", "more", "more", "tail", "tail"]


def test_undecided_after_the_last_bullet_and_hung_up_by_us_is_max_bullets() -> None:
    """The model fell silent behind the last bullet that was wanted: nothing is missing."""
    assert finish(play(['["a"'], Cause.CLOSED_BY_US, max_bullets=1)[1]) == "max_bullets"
    assert finish(play(['["a"'], Cause.CUT, max_bullets=1)[1]) == "failed:upstream_truncated"


def test_what_comes_after_the_end_is_no_event() -> None:
    """Neither behind the document nor after we have stopped listening."""
    summary = Summary(SummaryRequest(text="source", max_bullets=1))
    assert len(summary.receive_deltas('["a", "b"]["c"]')) == 1
    assert summary.receive_deltas('["d"]') == []
    assert summary.wants == "nothing"


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        (End(Cause.OVERLOADED, retry_after=2.1), "overloaded", 503),
        (End(Cause.TOO_LONG, max_chars=1000), "context_too_long", 422),
        (End(Cause.REJECTED), "upstream_rejected", 502),
        (End(Cause.TIMEOUT), "upstream_timeout", 504),
        (End(Cause.REFUSAL), "refusal", 502),
    ],
)
def test_a_failed_summary_tells_its_problem(end: End, code: str, status: int) -> None:
    """With the upstream's Retry-After, and the length that would have fitted."""
    summary = Summary(SummaryRequest(text="source"))
    summary.next_pass(end)
    last = summary.close(None, BILL)
    assert isinstance(last, SummaryFailed)
    assert (last.problem.code, last.problem.status) == (code, status)
    assert last.problem.retry_after == (3 if end.retry_after else None)
    assert last.problem.max_chars == end.max_chars


@pytest.mark.parametrize("text", ["x" * 5000, '["a" "b"', '["a", "b", "c", "d"'])
def test_our_reason_to_hang_up_comes_before_what_the_same_read_brought(text: str) -> None:
    """A refusal, or no more tokens, behind the point where we stopped listening, changes nothing."""
    endings = {finish(play([text], end, max_bullets=3)[1]) for end in (Cause.REFUSAL, Cause.LENGTH, Cause.STOP)}
    assert len(endings) == 1


def test_a_cause_from_outside_wins_over_the_last_pass() -> None:
    """DELETE in mid-stream is `cancelled`, and completed."""
    assert finish(play(['["a", '], Cause.CUT, cause=Cause.CANCELLED)[1]) == "cancelled"
    assert finish(play(['["a", '], Cause.CUT, cause=Cause.DRAINING)[1]) == "failed:draining"
    assert finish(play([], Cause.CUT)[1]) == "failed:upstream_truncated"


def test_a_summary_that_never_had_a_pass_ends_as_an_error() -> None:
    """A bug of ours, or a log that was gone at once: told as what it is."""
    assert finish(Summary(SummaryRequest(text="source")).close(None, BILL)) == "failed:upstream_error"


def test_each_pass_draws_its_own_delimiters() -> None:
    """Two summaries of one source do not share a mark."""
    request = SummaryRequest(text="source")
    one, two = (Summary(request).next_pass(None) for _ in range(2))
    assert one
    assert two
    assert one.prompt().user != two.prompt().user


elements = st.sampled_from(
    ['"a"', '"b"', '"c"', '"a"', "1", '{"text": "d"}', '{"x",}', '"\\u0000"', '"e', "[[", "]", "}", ",", " "]
)


@given(parts=st.lists(elements, max_size=12), data=st.data())
@settings(deadline=None)
def test_any_cutting_of_any_text_gives_the_same_events(parts: list[str], data: st.DataObject) -> None:
    """Invariants 3 and 4 of threats.md, with max_bullets small enough to be reached."""
    text = (
        '{"bullets": ['
        + data.draw(st.sampled_from([", ", ""])).join(parts)
        + data.draw(st.sampled_from(["]}", "]", ""]))
    )
    max_bullets = data.draw(st.integers(1, 3))
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    cuts = [text[a:b] for a, b in zip([0, *places], [*places, None], strict=True)]
    events, last = play(cuts, max_bullets=max_bullets)
    assert (events, last) == play([text], max_bullets=max_bullets) == play(list(text), max_bullets=max_bullets)
    assert [e.index for e in events if isinstance(e, Bullet)] == list(
        range(len([e for e in events if e.type == "bullet"]))
    )


def test_events_are_json() -> None:
    """Every event can be encoded, also with characters beyond the first plane."""
    events, last = play([json.dumps(["😀 ok", "日本"])])
    assert [json.loads(event.model_dump_json())["type"] for event in [*events, last]] == [
        "bullet",
        "bullet",
        "summary.completed",
    ]


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ('{"bullets": ["', None),
        ('{"bullets": ["Ships  in', "Ships in"),
        ('{"bullets": [{"text": "Ships', "Ships"),
        ('{"bullets": [{"other": "Ships', None),
        ('{"bullets": [{"text": 1', None),
        ('{"bullets": [["Ships', None),
        ('{"bullets": ["Ships"', None),
        (r'{"bullets": ["\u202eShips', None),
        ('{"bullets": ["' + "x" * 281, None),
        ('{"bullets": ["a", "b", "c", "d", "e", "f', None),
    ],
)
def test_the_preview_shows_what_may_become_a_bullet(text: str, preview: str | None) -> None:
    """Folded; nothing that is unsafe, too long already, or beyond the last bullet."""
    summary = Summary(SummaryRequest(text="source"))
    summary.receive_deltas(text)
    assert summary.preview() == preview


class Fact(BaseModel):
    text: str
    year: int


def test_an_item_model_shapes_prompt_and_bullets() -> None:
    """Its schema is asked for, its items stand whole in the event."""
    summary = Summary(SummaryRequest(text="source"), item_model=Fact)
    first = summary.next_pass(None)
    assert first
    assert first.prompt().schema["properties"]["bullets"]["items"]["required"] == ["text", "year"]
    assert '"year"' in first.prompt().system
    events = summary.receive_deltas('[{"text": "a", "year": 1}, "b"]')
    assert events[0] == Bullet(index=0, text="a", item={"text": "a", "year": 1})
    assert isinstance(events[1], BulletRejected)
