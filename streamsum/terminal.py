"""Events as a terminal shows them: bullets on standard output the moment they come, all else on standard error."""

import sys
import unicodedata
from typing import TextIO, assert_never

from streamsum.core.events import (
    Bullet,
    BulletDelta,
    BulletRejected,
    Event,
    SummaryCompleted,
    SummaryCreated,
    SummaryFailed,
)
from streamsum.core.sse import encode
from streamsum.errors import Problem
from streamsum.settings import Settings
from streamsum.standard_streams import give_up

COMPLETED, FAILED, BAD_USAGE, TRUNCATED = 0, 1, 2, 3

_HINTS = {
    "upstream_error": "Is it running? OPENAI_BASE_URL says where it is looked for.",
    "upstream_rejected": "Check OPENAI_API_KEY, OPENAI_BASE_URL and STREAMSUM_MODEL.",
    "overloaded": "It may be a rate limit of the model's server.",
}
# Invisible, and no orders: they shape words and emoji (joiners, marks of direction, a soft hyphen).
_HARMLESS = frozenset("\u00ad\u200c\u200d\u200e\u200f")
_WARNINGS = {"unsupported_number": "it has a number that is not in the text"}


def show(event: Event, *, as_json: bool, out: TextIO | None = None, has_hints: bool = True) -> None:
    """Print it, if there is anything to see; `out` instead of standard output."""
    out = out or sys.stdout
    if as_json:
        out.buffer.write(encode(event) + b"\n")  # JSON is UTF-8, whatever the terminal is
        out.flush()
        return
    match event:
        case Bullet():
            print(f"• {printable(event.text)}", file=out, flush=True)
            for code in event.warnings:
                say(f"of the bullet above: {_WARNINGS.get(code, code)}")
        case BulletRejected():
            say(f"a bullet was withheld: {' '.join(reason.detail for reason in event.reasons)}")
        case SummaryCompleted() if event.truncated:
            say(f"the summary is cut short ({event.finish})")
        case SummaryFailed():
            say(explain(event.problem, has_hints=has_hints))
        case SummaryCreated() | BulletDelta() | SummaryCompleted():
            pass
        case _:
            assert_never(event)


def exit_status(last: Event | None) -> int:
    """What the shell is told of a summary with this last event."""
    if isinstance(last, SummaryCompleted):
        return TRUNCATED if last.truncated else COMPLETED
    return FAILED


def explain(problem: Problem, *, has_hints: bool = True) -> str:
    """A problem in a line or two, with what may help; what is wrong with a field by the option's name.

    `has_hints`: they are for who asks the model from here, by OPENAI_BASE_URL, not for who asks a server of ours.
    """
    lines = [f"{_option(error.loc)}{error.detail}" for error in problem.errors or ()] or [problem.detail]
    if problem.max_chars is not None:
        lines.append(f"It takes about {problem.max_chars} characters.")
    if has_hints and (hint := _HINTS.get(problem.code)):
        lines.append(hint)
    return " ".join(lines)


def can_help(settings: Settings) -> bool:
    """Are the hints about what is asked? The built-in model has no address, and those of a file have theirs there."""
    return not settings.upstreams and not settings.asks_built_in


def say(words: str) -> None:
    """A message to the person; of a server's words, what a terminal would obey is not passed on."""
    try:
        print(f"streamsum: {printable(words)}", file=sys.stderr, flush=True)
    except OSError:  # nobody hears it: no reason to end what is being done
        give_up(sys.stderr)


def printable(text: str) -> str:
    """One line, with nothing in it that a terminal would obey: it may be anybody's. Spaces of any width stay."""
    return "".join(each if _is_harmless(each) else "\ufffd" for each in text)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character in _HARMLESS or unicodedata.category(character) == "Zs"


def _option(loc: tuple[str | int, ...]) -> str:
    match loc:
        case ("text", *_):
            return "the text: "
        case (str(name), *_):
            return f"--{name.replace('_', '-')}: "
        case _:
            return ""
