"""core/reading.py: a model that goes round in circles is hung up, at the same place however its text arrives."""

import json
import random

import pytest
from pydantic import BaseModel

from streamsum.core.events import Event
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Cause, End, Pass
from streamsum.core.reading import Reading
from streamsum.core.summary import Summary
from tests.effort import calls_of
from tests.playing import BILL, every_cut, finish, outline

REQUEST = SummaryRequest(text="source", evidence="off", max_bullet_chars=1000)
GOOD = "The tower was lit."
ROUND = "and the sea took the tower " * 20
ESCAPED = json.dumps("und der Sturm trug über die Wellen 🙂 davon, " * 20)[1:-1]


class Grid(BaseModel):
    text: str
    grid: list[int]


def play(cuts: list[str], cause: Cause, *, item_model: type[BaseModel] = Item) -> tuple[list[Event], str, str | None]:
    """The events, the finish, and the kind of the next pass, as a run has them."""
    summary = Summary(REQUEST, item_model=item_model)
    first = summary.next_pass(None)
    assert isinstance(first, Pass)
    summary.begin(first)
    events: list[Event] = []
    for cut in cuts:
        events += summary.receive_deltas(cut)
        if summary.wants == "nothing":
            break
    following = summary.next_pass(End(Cause.CLOSED_BY_US if summary.wants == "nothing" else cause))
    return events, finish(summary.close(None, BILL)), following.kind if following else None


@pytest.mark.parametrize(
    ("text", "expected", "how"),
    [
        (f'["{GOOD}", "{ROUND}', [GOOD], "loop"),
        (f'["{GOOD}", "{ROUND}"]', [GOOD], "loop"),
        (f'["{GOOD}", {{"text": "{ROUND}', [GOOD], "loop"),
        (f'["{GOOD}", {{"text": "{ROUND}"}}, "more"]', [GOOD], "loop"),
        (f'["{GOOD}", "{ESCAPED}"]', [GOOD], "loop"),
        (f'["{ROUND}', [], "failed:loop"),
        (f'["{GOOD}", "' + "x" * 20_000, [GOOD], "limit"),
        (f'["{GOOD}", "' + "all and one " * 2_000, [GOOD], "loop"),
        (f'["{GOOD}", "A storm, and another storm, and another one took it."]', None, "complete"),
    ],
)
def test_text_that_repeats_itself_inside_one_element(text: str, expected: list[str] | None, how: str) -> None:
    """The upstream is closed, the good bullets stay; in any cutting, and whatever would come after."""
    played = play([text], Cause.LENGTH)
    if expected is not None:
        assert outline(played[0]) == expected
    assert played[1] == how
    assert played[2] is None
    assert all(play(cut, Cause.LENGTH) == played for cut in every_cut(text, up_to=700))


def test_a_short_stream_that_goes_round_is_told_in_any_cutting() -> None:
    """Though it ends soon after the place where it could be seen."""
    for length in range(90, 260):
        text = f'["{GOOD}", "{ROUND}'[:length]
        played = play([text], Cause.LENGTH)
        assert all(play(cut, Cause.LENGTH) == played for cut in ([*text], [text[:100], text[100:]]))
        assert played[1] == "length" or length > 150


@pytest.mark.parametrize("place", range(8))
def test_runs_of_other_lengths_do_not_hide_a_loop(place: int) -> None:
    """Wherever they stand: more than eight of one character count as eight, and any white space as one space."""
    dots = "".join(
        f"so it went on{'.' * count}{' ' * (count % 3 + 1)}" for count in (9, 14, 11, 10, 13, 12, 9, 15, 10, 11)
    )
    long = f'["{GOOD}", "{"x" * place} {dots}{dots}"]'
    assert play([long], Cause.STOP)[1] == "loop"
    short = f'["{GOOD}", "{"x" * place} {dots.replace("." * 9, "")}"]'
    assert play([short], Cause.STOP)[1] == "complete"


def test_what_is_no_json_has_no_text_to_go_round_in() -> None:
    """It is withheld when it closes, and another may go on if it does not."""
    text = f'["{GOOD}", {{{ROUND}}}]'
    for cuts in ([text], [*text]):
        events, how, _ = play(cuts, Cause.STOP)
        assert (outline(events), how) == ([GOOD, "-invalid_json"], "malformed")
    assert play([text[:-2]], Cause.LENGTH)[1:] == ("length", "continue")


def test_only_the_text_counts() -> None:
    """A user's own fields may say the same as often as they like."""
    item = json.dumps([{"text": GOOD, "grid": [0] * 600}])
    for cut in ([item], [*item]):
        events, how, _ = play(cut, Cause.STOP, item_model=Grid)
        assert (outline(events), how) == ([GOOD], "complete")


@pytest.mark.parametrize("text", ["🙂", "!", GOOD])
def test_the_same_element_again_and_again(text: str) -> None:
    """Three duplicates in a row, letters or none."""
    events, how, _ = play([json.dumps([text] * 12)], Cause.STOP)
    assert (outline(events), how) == ([text, *["-duplicate"] * 3], "loop")


def test_what_another_pass_said_does_not_make_a_loop() -> None:
    """A model that goes on for another may begin as that one did; but not go round itself."""
    said = ["The tower was lit.", "A storm took it.", "Nobody was saved.", "It was built anew."]
    stories: list[tuple[list[str], list[str], str]] = [
        ([*said, "A goat was bought."], [*["-duplicate"] * 4, "A goat was bought."], "complete"),
        ([said[0]] * 9, ["-duplicate"] * 4, "loop"),
        (said[:2], ["-duplicate"] * 2, "complete"),
    ]
    for elements, expected, how in stories:
        summary = Summary(REQUEST.model_copy(update={"max_bullets": 9}))
        events: list[Event] = []
        last = None
        for text in (json.dumps(said)[:-1], json.dumps(elements)):
            following = summary.next_pass(last)
            assert following
            summary.begin(following)
            events = summary.receive_deltas(text)
            last = End(Cause.CUT if text.endswith('"') else Cause.STOP)
        assert last
        summary.next_pass(last)
        assert (outline(events), finish(summary.close(None, BILL))) == (expected, how)


def test_what_a_pass_has_said_is_taken_apart_once() -> None:
    """Two hundred duplicates of what another pass had said, the most that a document has."""
    draw = random.Random(0)
    lines = ["".join(draw.choices("abcdefghijkl  ", k=300)) for _ in range(200)]
    reading = Reading("continue", full_at=50)

    def note_all() -> None:
        for line in lines:
            reading.note_said(line, duplicate=True)

    assert calls_of(note_all) < 250_000
    assert not reading.looped


def test_going_on_that_comes_to_nothing_changes_nothing() -> None:
    """Who was asked to go on and could not is not how the summary ends: it ends as it would have without."""
    summary = Summary(REQUEST)
    for text, ended in [('["The tower was lit.", "A st', None), ("", End(Cause.LENGTH))]:
        following = summary.next_pass(ended)
        assert following
        summary.begin(following)
        summary.receive_deltas(text)
    summary.next_pass(End(Cause.TOO_LONG, max_chars=9))
    assert finish(summary.close(None, BILL)) == "length"
