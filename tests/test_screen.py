"""What a summary looks like on a terminal, while it comes."""

import io
from typing import Any

import pytest
from typing_extensions import override

from streamsum.core.events import Bullet, BulletDelta, BulletRejected, Reason, Span, SummaryCreated, SummaryFailed
from streamsum.errors import Problem
from streamsum.screen import Screen, evidence_line, fitting, has_colors, is_live
from tests.test_sse import LEDGER

CREATED = SummaryCreated(id="x", model="m", max_bullets=5, created_at="")
BULLET = Bullet(index=0, text="A lamp was lit.", evidence=(Span(start=0, end=5, match="close", score=0.5),))


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def screen(out: io.StringIO, **how: Any) -> Screen:
    return Screen(out, is_live=True, **how)


def test_the_open_bullet_grows_until_it_is_confirmed() -> None:
    """On one line, which the bullet then takes."""
    out = Terminal()
    shown = screen(out, columns=40)
    for event in (CREATED, BulletDelta(index=0, text="A la"), BulletDelta(index=0, text="A lamp was"), BULLET):
        shown.show(event)
    assert out.getvalue() == "\r\x1b[K• …\r\x1b[K• A la\r\x1b[K• A lamp was\r\x1b[K• A lamp was lit.\n"


def test_what_is_not_confirmed_goes(capsys: pytest.CaptureFixture[str]) -> None:
    """Withheld, or left open at the end."""
    out = Terminal()
    shown = screen(out, columns=40)
    shown.show(BulletDelta(index=0, text="A"))
    shown.show(BulletRejected(reasons=(Reason(code="x", detail="No."),)))
    shown.clear()
    assert out.getvalue() == "\r\x1b[K• A\r\x1b[K"
    assert "No." in capsys.readouterr().err


def test_quiet_things_are_quiet_where_there_are_colors() -> None:
    """The open bullet, and the evidence."""
    out = Terminal()
    shown = screen(out, has_colors=True, source="A lamp.", columns=40)
    shown.show(BulletDelta(index=0, text="A"))
    shown.show(BULLET)
    assert (
        out.getvalue() == "\r\x1b[K\x1b[2m• A\x1b[0m\r\x1b[K• A lamp was lit.\n  \x1b[2m<- A lam (close, 0.5)\x1b[0m\n"
    )


def test_a_bullet_that_is_open_does_not_drive_the_terminal() -> None:
    """Before it is confirmed it has passed no check."""
    out = Terminal()
    screen(out, columns=40).show(BulletDelta(index=0, text="A\x1b[2J\nlamp"))
    assert out.getvalue() == "\r\x1b[K• A\ufffd[2J\ufffdlamp"


@pytest.mark.parametrize("has_hints", [True, False])
def test_hints_are_for_who_asks_the_model_from_here(has_hints: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asks a server has no part in its settings."""
    failed = SummaryFailed(problem=Problem.of("upstream_error"), ledger=LEDGER)
    screen(Terminal(), has_hints=has_hints).show(failed)
    assert ("OPENAI_BASE_URL" in capsys.readouterr().err) is has_hints


def test_elsewhere_nothing_moves() -> None:
    """Lines, and no more."""
    out = io.StringIO()
    shown = Screen(out, is_live=False)
    for event in (CREATED, BulletDelta(index=0, text="A"), BULLET):
        shown.show(event)
    shown.clear()
    assert out.getvalue() == "• A lamp was lit.\n"


@pytest.mark.parametrize(
    ("out", "environment", "live"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_a_line_can_be_taken_back_on_some_terminals(out: io.StringIO, environment: dict[str, str], live: bool) -> None:
    """And on nothing else."""
    assert is_live(out, environment) is live


def test_colors_can_be_declined() -> None:
    """NO_COLOR."""
    assert has_colors({})
    assert not has_colors({"NO_COLOR": "1"})


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [("abc", 5, "abc"), ("abcdef", 3, "def"), ("灯台の話", 5, "の話"), ("e\u0301" * 3, 2, "e\u0301" * 2)],
)
def test_what_is_too_long_shows_its_end(text: str, columns: int, shown: str) -> None:
    """In columns, of which some characters take two and some none."""
    assert fitting(text, columns) == shown


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("A\n  lamp", "<- A lamp (attributed)"),
        ("A\x1b[31m lamp\u202e", "<- A\ufffd[31m lamp\ufffd (attributed)"),
        ("x" * 300, "<- " + "x" * 199 + "… (attributed)"),
    ],
)
def test_evidence_is_a_line_that_a_terminal_does_not_obey(source: str, line: str) -> None:
    """The text may be anybody's."""
    assert evidence_line(source, Span(start=0, end=len(source), match="attributed")) == line
