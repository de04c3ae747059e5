"""How a summary ended: the contract's table, the first line that matches."""

from dataclasses import dataclass

from streamsum.core.document import DocumentEnd, Outcome
from streamsum.core.events import Finish
from streamsum.core.passes import Cause

# Line 9: the document is open, and this ended it.
_CUT_SHORT: dict[Cause, Finish] = {
    Cause.STOP: "upstream_truncated",
    Cause.CUT: "upstream_truncated",
    Cause.CLOSED_BY_US: "upstream_truncated",
    Cause.ERROR: "upstream_error",
    Cause.OVERLOADED: "upstream_error",
    Cause.TIMEOUT: "upstream_timeout",
    Cause.REJECTED: "upstream_rejected",
    Cause.TOO_LONG: "upstream_rejected",
    Cause.PRODUCER_LOST: "producer_lost",
    Cause.DRAINING: "draining",
}
_WHOLE = ("complete", "max_bullets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the table looks at."""

    cause: Cause  # how the last pass ended, or what ended the summary from outside
    document: DocumentEnd
    bullets: int
    gave: bool  # did the last pass that was no re-ask, or a re-ask, bring a bullet, or one that another had brought?
    enough: bool  # max_bullets passed and the model went on
    looped: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table, applied."""

    finish: Finish
    completed: bool

    @property
    def truncated(self) -> bool:
        """May there have been more to say?"""
        return self.finish not in _WHOLE


def judge(it: Situation) -> Verdict:
    """The verdict on a summary; lines are numbered as in the contract."""
    document, some = it.document, it.bullets > 0
    closed = document.outcome is Outcome.CLOSED
    # What the upstream does after the document's end stands in the ledger only.
    cause = None if closed and it.cause is not Cause.CANCELLED else it.cause
    if cause is Cause.CANCELLED:  # 1
        return Verdict("cancelled", True)
    if it.looped:  # 2
        return Verdict("loop", some)
    if not it.enough and (document.outcome is Outcome.LIMIT or cause is Cause.LIMIT):  # 2
        return Verdict("limit", some)
    if it.enough:  # 3
        return Verdict("max_bullets", True)
    if cause is Cause.REFUSAL:  # 4
        return Verdict("refusal", False)
    if document.valid and document.has_array and (it.gave or not document.elements):  # 5
        return Verdict("complete", True)
    if closed and (not document.has_array or (document.elements and not it.gave)):  # 6
        return Verdict("output_invalid", False)
    if document.outcome is Outcome.ABSENT and cause in {Cause.STOP, Cause.CLOSED_BY_US}:  # 6
        return Verdict("output_invalid", False)
    if closed or document.outcome is Outcome.BROKEN:  # 7
        return Verdict("malformed", some)
    if cause is Cause.LENGTH:  # 8
        return Verdict("length", some)
    if cause is Cause.FILTER:  # 8
        return Verdict("content_filter", some)
    return Verdict(_CUT_SHORT[it.cause], False)  # 9
