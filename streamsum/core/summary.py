"""One summary: passes over one source in, events out. No I/O, no clock.

summary = Summary(request)
events = summary.receive_deltas('{"bullets": [{"text": "Ships in spring')
assert events == []
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, Self

from pydantic import BaseModel

from streamsum.core import finish, going_on, prompt
from streamsum.core.checks import Checks, Sound, fold, is_unsafe
from streamsum.core.document import Element, Outcome
from streamsum.core.elements import GREW
from streamsum.core.events import Bullet, BulletRejected, Event, Ledger, SummaryCompleted, SummaryFailed
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Bill, Cause, End, Pass, PassKind, Prompt
from streamsum.core.reading import Reading
from streamsum.core.repeats import Standing
from streamsum.core.source import Source
from streamsum.errors import Problem

# What asking once more does not change: it has been said; and what is unsafe was not written by accident.
_NOT_MENDABLE = {"duplicate", "unsafe"}
# Where the problem is told by more than the finish.
_PROBLEMS = {Cause.OVERLOADED: "overloaded", Cause.TOO_LONG: "context_too_long"}


def _draw() -> str:
    return secrets.token_hex(4)  # 32 bits, and one guess a call: the text was written before they were drawn


class Summary:
    """The state of one summary."""

    def __init__(
        self,
        request: SummaryRequest,
        *,
        item_model: type[BaseModel] = Item,
        reask: int = 1,
        draw: Callable[[], str] = _draw,
    ) -> None:
        """`item_model` is what each element must be; `reask`: how many times what was withheld is asked for again.

        `draw` gives a word that nobody can guess, new at each call.
        """
        self._request = request.without_text()
        self._source = Source(request.text, seldom=request.evidence == "off" and item_model is Item)
        self._item_model = item_model
        self._checks = Checks.of(request, item_model=item_model, source=self._source)
        self._reask = reask
        self._draw = draw
        self._standing = Standing()
        self._rejected = self._duplicates = self._repaired = 0
        self._mendable: list[set[str]] = []  # codes of what was withheld, not asked for again yet, and can be mended
        self._went_before = False  # has any pass brought content?
        self._reading = Reading("first", full_at=request.max_bullets)  # of the pass of now
        self._counted = self._reading  # of the last one that was no re-ask: it decides how the summary ends

    @classmethod
    def replay(
        cls,
        request: SummaryRequest,
        stored: Iterable[Event],
        *,
        item_model: type[BaseModel] = Item,
        reask: int = 1,
        draw: Callable[[], str] = _draw,
    ) -> Self:
        """The summary whose events are `stored`, to be gone on with by another process: the log is the state.

        Which of its bullets a re-ask brought is not in the log: `repaired` counts from here.
        """
        summary = cls(request, item_model=item_model, reask=reask, draw=draw)
        for event in stored:
            if isinstance(event, Bullet):
                summary._standing.add(event.text)
            elif isinstance(event, BulletRejected):
                summary._count({reason.code for reason in event.reasons})
            summary._went_before |= isinstance(event, Bullet | BulletRejected)
        summary._reading.went_on = summary._full  # nobody knows, and nothing is asked for any more
        return summary

    @property
    def bullets(self) -> int:
        """How many there are."""
        return len(self._standing.lines)

    @property
    def begun(self) -> bool:
        """Has the pass of now brought any content?"""
        return self._reading.begun

    @property
    def wants(self) -> Literal["more", "tail", "nothing"]:
        """What to do with the model: read on; read a moment longer, for the end and the usage; hang up."""
        reading = self._reading
        if reading.looped or reading.went_on:
            return "nothing"
        if reading.decoder.in_value:  # after nearly all reads
            return "more"
        if reading.hangs_up:
            return "nothing"
        return "tail" if reading.outcome is Outcome.CLOSED or self._is_undecided(reading) else "more"

    def prepare(self) -> None:
        """Index the source: milliseconds for a large one, and else done when the first element has closed.

        May run on another thread, as long as nothing is received meanwhile.
        """
        self._checks.prepare()

    def next_pass(self, last: End | None) -> Pass | None:
        """The call to make now that the last one ended so; None: there is nothing more to ask.

        Nothing changes until it is begun: there may be no upstream for it.
        """
        if last is not None:
            self._reading.end = last
        missing = self._request.max_bullets - self.bullets
        if missing and (last is None or going_on.can_continue(self._reading, last.cause)):
            return self._pass("continue" if self._went_before else "first", wanted=missing)
        if missing and self._mendable and self._reask and going_on.can_be_asked_again(self._reading):
            return self._pass("reask", wanted=min(missing, len(self._mendable)))
        return None

    def begin(self, next_pass: Pass, *, quotes: bool = False) -> None:
        """This pass is called now: what is received from here on is its answer; `quotes`: it was asked for them."""
        self._reading = Reading(next_pass.kind, full_at=self.bullets + next_pass.wanted, quotes=quotes)
        if next_pass.kind == "reask":
            self._reask -= 1
            self._mendable.clear()
        elif not self._counted.begun:  # nor has any of this process, though another's may have
            self._counted = self._reading

    def receive_deltas(self, text: str) -> list[Event]:
        """The events that `text`, the content of one network read, gives rise to."""
        reading = self._reading
        if reading.looped or reading.went_on:
            return []
        closed = reading.decoder.feed(text)
        if closed is GREW:  # nearly all reads
            reading.look_at_open()
            return []
        events: list[Event] = []
        if text and not reading.begun:
            reading.begun = self._went_before = True
            if reading.kind != "reask":
                # Who was asked to go on and said nothing has not changed how it ended.
                self._counted = reading
        for element in closed:
            if self._full:
                reading.went_on = True
                return events
            if reading.goes_round(element.text):
                return events
            events.append(self._judge(element))
            if reading.looped:
                return events
        reading.went_on = self._full and reading.decoder.follower not in {"", "]"}
        if not reading.went_on:
            reading.look_at_open()
        return events

    def preview(self) -> str | None:
        """The open bullet's text as far as it has come, if it could still become one: it proves nothing."""
        if self.wants != "more":
            return None
        element = self._reading.decoder.preview()
        text = element.get("text") if isinstance(element, dict) else element
        if not isinstance(text, str) or is_unsafe(text):
            return None
        line = fold(text)
        return line if 0 < len(line) <= self._request.max_bullet_chars else None

    def close(self, cause: Cause | None, bill: Bill) -> SummaryCompleted | SummaryFailed:
        """The last event, once. `cause`: what ended it all from outside; None: the passes did, as they ended."""
        counted = self._counted
        last = counted.end or End(Cause.ERROR)
        if cause is None:
            # What came in the same read as our reason to hang up would not have been seen in smaller reads.
            cause = Cause.CLOSED_BY_US if counted.hangs_up else last.cause
        verdict = finish.judge(
            finish.Situation(
                cause=cause,
                document=counted.close(),
                bullets=self.bullets,
                gave=counted.gave or self._repaired > 0,
                enough=counted.went_on or (self._is_undecided(counted) and cause is Cause.CLOSED_BY_US),
                looped=counted.looped,
            )
        )
        ledger = self._ledger(verdict, bill)
        if verdict.completed:
            return SummaryCompleted(**dict(ledger))
        code = _PROBLEMS.get(cause, verdict.finish)
        problem = Problem.of(code, max_chars=last.max_chars, retry_after=_whole_seconds(last.retry_after))
        return SummaryFailed(problem=problem, ledger=ledger)

    # One pass.

    def _pass(self, kind: PassKind, *, wanted: int) -> Pass:
        withheld = sorted(set().union(*self._mendable)) if kind == "reask" else ()
        about = prompt.About(kind=kind, wanted=wanted, standing=tuple(self._standing.lines), withheld=withheld)
        return Pass(kind, wanted, partial(self._ask, about, self._draw()))

    def _ask(self, about: prompt.About, mark: str, quotes: bool) -> Prompt:
        request, text = self._request, self._source.text
        quotes = quotes and self._checks.takes_quotes
        return prompt.ask(request, text=text, mark=mark, item_model=self._item_model, about=about, quotes=quotes)

    @property
    def _full(self) -> bool:
        return self.bullets >= self._reading.full_at

    def _is_undecided(self, reading: Reading) -> bool:
        """All that was wanted is there, and the model has not shown yet whether it goes on."""
        full = self.bullets >= reading.full_at
        return full and not reading.decoder.follower and reading.outcome is Outcome.OPEN

    def _judge(self, element: Element) -> Bullet | BulletRejected:
        reading = self._reading
        found = self._checks.check(element, standing=self._standing, quotes=reading.quotes)
        if isinstance(found, Sound):
            reading.note_said(found.text, duplicate=False)
            self._standing.add(found.text)
            self._repaired += reading.kind == "reask"
            return Bullet(
                index=self.bullets - 1,
                text=found.text,
                evidence=found.evidence,
                warnings=found.warnings,
                item=found.item,
            )
        codes = {reason.code for reason in found.reasons}
        self._count(codes)
        if "duplicate" in codes:
            reading.note_said(found.line, duplicate=True)
        else:
            reading.note_withheld()
        return BulletRejected(reasons=found.reasons)

    def _count(self, codes: set[str]) -> None:
        self._rejected += 1
        self._duplicates += "duplicate" in codes
        if codes.isdisjoint(_NOT_MENDABLE):
            self._mendable.append(codes)

    # The account.

    def _ledger(self, verdict: finish.Verdict, bill: Bill) -> Ledger:
        return Ledger(
            finish=verdict.finish,
            truncated=verdict.truncated,
            bullets=self.bullets,
            rejected=self._rejected,
            duplicates=self._duplicates,
            repaired=self._repaired,
            passes=bill.passes,
            timing=bill.timing,
            digest=hashlib.sha256("".join(f"{text}\n" for text in self._standing.lines).encode()).hexdigest(),
        )


def _whole_seconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(-(-seconds // 1))
