"""What a terminal shows."""

import json

import pytest

from streamsum.core.events import Bullet, BulletDelta, BulletRejected, Event, Reason, SummaryCreated
from streamsum.errors import FieldError, Problem
from streamsum.settings import Settings
from streamsum.terminal import FAILED, can_help, exit_status, explain, printable, say, show

SILENT: list[Event] = [
    SummaryCreated(id="x", model="parrot", max_bullets=5, created_at="2026-11-22T10:00:00Z"),
    BulletDelta(index=0, text="Half a"),
]


@pytest.mark.parametrize("event", SILENT)
def test_only_bullets_are_shown(event: Event, capsys: pytest.CaptureFixture[str]) -> None:
    """What proves nothing is not printed as if it did."""
    show(event, as_json=False)
    assert capsys.readouterr() == ("", "")


def test_what_is_wrong_with_a_bullet_is_said_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, in our own words: standard output has bullets only."""
    show(Bullet(index=0, text="Lit in 1799.", warnings=("unsupported_number", "own_code")), as_json=False)
    show(BulletRejected(reasons=(Reason(code="blank", detail="Nothing there."),)), as_json=False)
    output, errors = capsys.readouterr()
    assert output == "• Lit in 1799.\n"
    assert errors.splitlines() == [
        "streamsum: of the bullet above: it has a number that is not in the text",
        "streamsum: of the bullet above: own_code",
        "streamsum: a bullet was withheld: Nothing there.",
    ]


def test_a_server_does_not_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by a bullet, nor by what it says of a failure."""
    evil = "a\x1b]0;title\x07b\r\x9b2Jc\u202ed"
    problem = Problem.of("upstream_error").model_copy(update={"detail": evil})
    show(Bullet(index=0, text=evil, warnings=(evil,)), as_json=False)
    show(BulletRejected(reasons=(Reason(code="blank", detail=evil),)), as_json=False)
    say(explain(problem))
    output, errors = capsys.readouterr()
    assert output == "• a\ufffd]0;title\ufffdb\ufffd\ufffd2Jc\ufffdd\n"
    assert len(errors.splitlines()) == 3
    assert not set("\x1b\x07\r\x9b\u202e") & set(errors)


@pytest.mark.parametrize(
    "text", ["«\u00a0Oui\u202f!\u00a0»", "灯\u3000台", "\U0001f469\u200d\U0001f52c", "می\u200cروم", "e\u0301"]
)
def test_what_only_looks_odd_stays(text: str) -> None:
    """French and Japanese spaces, joined emoji, Persian, an accent of its own."""
    assert printable(text) == text


@pytest.mark.parametrize("event", [*SILENT, Bullet(index=0, text="Größe 5 •")])
def test_as_json_every_event_is_shown(event: Event, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """One line each, in UTF-8 whatever the terminal is."""
    show(event, as_json=True)
    output, _ = capsysbinary.readouterr()
    assert output.count(b"\n") == 1
    assert json.loads(output.decode())["type"] == event.type


def test_a_summary_without_an_end_has_failed() -> None:
    """Whatever came before."""
    assert exit_status(None) == exit_status(SILENT[0]) == FAILED


def test_a_text_that_is_too_long_is_told_how_long_it_may_be() -> None:
    """Where that is known."""
    said = explain(Problem.of("context_too_long", max_chars=24_000))
    assert said == "The text is longer than the model can take. It takes about 24000 characters."


def test_fields_go_by_their_options_names() -> None:
    """All that is wrong, in one line."""
    errors = (
        FieldError(loc=("max_bullets",), code="a", detail="One."),
        FieldError(loc=("text",), code="b", detail="Two."),
        FieldError(loc=(), code="c", detail="Three."),
    )
    assert explain(Problem.of("invalid_request", errors=errors)) == "--max-bullets: One. the text: Two. Three."


@pytest.mark.parametrize(
    ("environment", "can"),
    [
        ({"OPENAI_API_KEY": "k"}, True),
        ({"STREAMSUM_UPSTREAM": "openai"}, True),
        ({}, False),
        ({"STREAMSUM_UPSTREAM": "embedded", "OPENAI_API_KEY": "k"}, False),
    ],
)
def test_hints_are_about_what_is_asked(environment: dict[str, str], can: bool) -> None:
    """The built-in model is not looked for at OPENAI_BASE_URL."""
    assert can_help(Settings.read(environment)) is can
