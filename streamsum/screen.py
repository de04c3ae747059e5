"""What a summary looks like while it comes: the open bullet grows on a terminal's last line until it is confirmed.

Elsewhere (a pipe, a file, `TERM=dumb`) there are plain lines, and nothing moves. Only what passed every check stays.
"""

import sys
import unicodedata
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import TextIO

from streamsum import terminal
from streamsum.core.events import Bullet, BulletDelta, Event, Span, SummaryCreated

# A sentence or two that support a bullet; the text itself is at hand.
MAX_EVIDENCE_CHARS = 200

_CLEAR_LINE = "\r\x1b[K"
_QUIET, _PLAIN = "\x1b[2m", "\x1b[0m"


class Screen:
    """One summary's. `source`: show the evidence in it beneath each bullet."""

    def __init__(
        self,
        out: TextIO,
        *,
        is_live: bool,
        has_colors: bool = False,
        source: str | None = None,
        as_json: bool = False,
        has_hints: bool = True,
        columns: int | None = None,
    ) -> None:
        """`columns`: 0 or None, as the terminal has them."""
        self._out = out
        self.is_live = is_live and not as_json
        self._quiet, self._plain = (_QUIET, _PLAIN) if has_colors else ("", "")
        self._source = source
        self._as_json = as_json
        self._has_hints = has_hints
        self._columns = columns
        self._is_drawn = False

    def show(self, event: Event) -> None:
        """Print it, if there is anything to see."""
        if isinstance(event, BulletDelta) and not self._as_json:
            self._draw(event.text)
            return
        self.clear()
        terminal.show(event, as_json=self._as_json, out=self._out, has_hints=self._has_hints)
        if isinstance(event, Bullet) and self._source is not None and not self._as_json:
            for span in event.evidence:
                self._out.write(f"  {self._quiet}{evidence_line(self._source, span)}{self._plain}\n")
            self._out.flush()
        if isinstance(event, SummaryCreated):
            self._draw("…")

    def clear(self) -> None:
        """Take away what is not confirmed."""
        if self._is_drawn:
            self._out.write(_CLEAR_LINE)
            self._out.flush()
            self._is_drawn = False

    def _draw(self, text: str) -> None:
        if self.is_live:
            columns = self._columns or get_terminal_size().columns
            line = fitting(f"• {terminal.printable(text)}", columns - 1)
            self._out.write(f"{_CLEAR_LINE}{self._quiet}{line}{self._plain}")
            self._out.flush()
            self._is_drawn = True


def is_live(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Can a line be taken back there?"""
    return out.isatty() and environment.get("TERM", "dumb") != "dumb"


def has_colors(environment: Mapping[str, str]) -> bool:
    """https://no-color.org"""
    return not environment.get("NO_COLOR")


def evidence_line(source: str, span: Span) -> str:
    """The words that support a bullet, on one line, with nothing in them that a terminal would obey."""
    words = " ".join(source[span.start : span.end].split())
    shown = terminal.printable(words)
    if len(shown) > MAX_EVIDENCE_CHARS:
        shown = shown[: MAX_EVIDENCE_CHARS - 1] + "…"
    score = "" if span.score is None else f", {span.score:g}"
    return f"<- {shown} ({span.match}{score})"


def fitting(text: str, columns: int) -> str:
    """The end of `text` that fits: it is where it grows. Wide characters take two columns."""
    room, kept = columns, 0
    for character in reversed(text):
        if room <= 0:  # an accent too stays with its letter
            break
        room -= _width(character)
        if room < 0:
            break
        kept += 1
    return text[len(text) - kept :]


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def standard(environment: Mapping[str, str], *, source: str | None, as_json: bool, has_hints: bool) -> Screen:
    """On standard output."""
    live = is_live(sys.stdout, environment)
    colors = live and has_colors(environment)
    return Screen(sys.stdout, is_live=live, has_colors=colors, source=source, as_json=as_json, has_hints=has_hints)
