"""What there is to say of a document that arrives: its limits, its elements, how it ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from streamsum.core.strict import LoneSurrogate, NotStrict


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a document becomes a runaway. They act at the first character too many."""

    depth: int = 8  # nesting, the document's own brackets included
    element_chars: int = 16_384  # a bullet has at most 1,000
    elements: int = 200  # four times as many as may be asked for
    document_chars: int = 65_536  # 50 bullets of 1,000 characters, and some
    blank_run: int = 1_024  # white space in a row (one is free), outside strings: a known way of models to never end
    lead_chars: int = 4_096  # prose before the document


class Element(NamedTuple):  # a frozen dataclass takes longer to make than its text to parse
    """One value of the array: its JSON text, and what it stands for, unless it is broken."""

    text: str
    value: Any = None
    fault: NotStrict | LoneSurrogate | None = None


class Outcome(StrEnum):
    """How far the document has come."""

    ABSENT = "absent"  # not found
    OPEN = "open"
    CLOSED = "closed"
    BROKEN = "broken"  # outside an element: nothing after it can be made out
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    """What was there when the deltas ended."""

    outcome: Outcome
    has_array: bool
    elements: int
    valid: bool  # closed, and strict JSON from its first to its last character
