"""One summary: passes over one source in, events out. No I/O, no clock.

summary = Summary(request)
events = summary.receive_deltas('{"bullets": [{"text": "Ships in spring')
assert events == []
"""

import hashlib
import secrets
from collections.abc import Callable
from functools import partial
from typing import Literal

from pydantic import BaseModel

from streamsum.core import finish, prompt
from streamsum.core.checks import Checks, Sound, fold, is_unsafe
from streamsum.core.document import Element, Outcome
from streamsum.core.elements import ElementDecoder
from streamsum.core.events import Bullet, BulletRejected, Event, Ledger, Reason, SummaryCompleted, SummaryFailed
from streamsum.core.models import Item, SummaryRequest
from streamsum.core.passes import Bill, Cause, End, Pass, Prompt
from streamsum.core.source import Source
from streamsum.errors import Problem

# A model that says the same thing three times in a row does not stop by itself.
_LOOP = 3
# Where the problem is told by more than the finish.
_PROBLEMS = {Cause.OVERLOADED: "overloaded", Cause.TOO_LONG: "context_too_long"}


def _draw() -> str:
    return secrets.token_hex(4)  # 32 bits, and one guess a call: the text was written before they were drawn


class Summary:
    """The state of one summary."""

    def __init__(
        self, request: SummaryRequest, *, item_model: type[BaseModel] = Item, draw: Callable[[], str] = _draw
    ) -> None:
        """`item_model` is what each element must be; `draw` gives a word that nobody can guess, new at each call."""
        self._request = request.without_text()
        self._source = Source(request.text)
        self._item_model = item_model
        self._checks = Checks(max_chars=request.max_bullet_chars, item_model=item_model, source=self._source)
        self._draw = draw
        self._decoder = ElementDecoder()
        self._texts: list[str] = []
        self._rejected = self._duplicates = self._duplicates_in_a_row = 0
        self._went_on = False  # after the last bullet that was wanted
        self._last: End | None = None

    @property
    def bullets(self) -> int:
        """How many there are."""
        return len(self._texts)

    @property
    def wants(self) -> Literal["more", "tail", "nothing"]:
        """What to do with the model: read on; read a moment longer, for the end and the usage; hang up."""
        if self._looped or self._went_on:
            return "nothing"
        if self._decoder.outcome is Outcome.CLOSED or self._undecided:
            return "tail"
        return "nothing" if self._decoder.done else "more"

    def next_pass(self, last: End | None) -> Pass | None:
        """The call to make now that the last one ended so; None: there is nothing more to ask."""
        if last is None:
            return Pass("first", partial(self._ask, self._draw()))
        self._last = last
        return None

    def receive_deltas(self, text: str) -> list[Event]:
        """The events that `text`, the content of one network read, gives rise to."""
        if self._looped or self._went_on:
            return []
        events: list[Event] = []
        for element in self._decoder.feed(text):
            if self._full:
                self._went_on = True
                return events
            events.append(self._judge(element))
            if self._looped:
                return events
        self._went_on = self._full and self._decoder.follower not in {"", "]"}
        return events

    def preview(self) -> str | None:
        """The open bullet's text as far as it has come, if it could still become one: it proves nothing."""
        if self.wants != "more":
            return None
        element = self._decoder.preview()
        text = element.get("text") if isinstance(element, dict) else element
        if not isinstance(text, str) or is_unsafe(text):
            return None
        line = fold(text)
        return line if 0 < len(line) <= self._request.max_bullet_chars else None

    def close(self, cause: Cause | None, bill: Bill) -> SummaryCompleted | SummaryFailed:
        """The last event, once. `cause`: what ended it all from outside; None: the last pass did, as it ended."""
        last = self._last or End(Cause.ERROR)
        if cause is None:
            # What came in the same read as our reason to hang up would not have been seen in smaller reads.
            cause = Cause.CLOSED_BY_US if self.wants == "nothing" else last.cause
        verdict = finish.judge(
            finish.Situation(
                cause=cause,
                document=self._decoder.close(),
                bullets=self.bullets,
                enough=self._went_on or (self._undecided and cause is Cause.CLOSED_BY_US),
                looped=self._looped,
            )
        )
        ledger = self._ledger(verdict, bill)
        if verdict.completed:
            return SummaryCompleted(**dict(ledger))
        code = _PROBLEMS.get(cause, verdict.finish)
        problem = Problem.of(code, max_chars=last.max_chars, retry_after=_whole_seconds(last.retry_after))
        return SummaryFailed(problem=problem, ledger=ledger)

    def _ask(self, mark: str) -> Prompt:
        return prompt.ask(self._request, text=self._source.text, mark=mark, item_model=self._item_model)

    @property
    def _full(self) -> bool:
        return self.bullets >= self._request.max_bullets

    @property
    def _undecided(self) -> bool:
        """All that was wanted is there, and the model has not shown yet whether it goes on."""
        return self._full and not self._decoder.follower and self._decoder.outcome is Outcome.OPEN

    @property
    def _looped(self) -> bool:
        return self._duplicates_in_a_row >= _LOOP

    def _judge(self, element: Element) -> Bullet | BulletRejected:
        match self._checks.check(element, standing=self._texts):
            case Sound(text, item):
                self._texts.append(text)
                self._duplicates_in_a_row = 0
                return Bullet(index=self.bullets - 1, text=text, item=item)
            case reasons:
                self._count(reasons)
                return BulletRejected(reasons=reasons)

    def _count(self, reasons: tuple[Reason, ...]) -> None:
        self._rejected += 1
        if any(reason.code == "duplicate" for reason in reasons):
            self._duplicates += 1
            self._duplicates_in_a_row += 1
        else:
            self._duplicates_in_a_row = 0

    def _ledger(self, verdict: finish.Verdict, bill: Bill) -> Ledger:
        return Ledger(
            finish=verdict.finish,
            truncated=verdict.truncated,
            bullets=self.bullets,
            rejected=self._rejected,
            duplicates=self._duplicates,
            repaired=0,
            passes=bill.passes,
            timing=bill.timing,
            digest=hashlib.sha256("".join(f"{text}\n" for text in self._texts).encode()).hexdigest(),
        )


def _whole_seconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(-(-seconds // 1))
