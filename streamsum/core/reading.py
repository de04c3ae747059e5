"""One pass's answer as it is read: where its document has got to, and whether the model goes round in circles."""

import re

import jiter

from streamsum.core.document import DocumentEnd, Outcome
from streamsum.core.elements import ElementDecoder
from streamsum.core.passes import End, PassKind
from streamsum.core.repeats import Standing, loops

# A model that says the same thing three times in a row does not stop by itself.
_LOOP = 3
# An element is looked at whenever this much more of it has come: at the same places however it came.
_LOOK_EVERY = 256

# White space, and a run of one character, are no text, and come to limits of their own. What is folded of a text's
# beginning is the beginning of what is folded of it all.
_RUN = re.compile(r"((.)\2{7})\2+")


class Reading:
    """The state of one pass.

    `full_at`: the number of bullets, of the whole summary, that it may lead to; `quotes`: was it asked for them?
    """

    def __init__(self, kind: PassKind, *, full_at: int, quotes: bool = False) -> None:
        self.kind = kind
        self.full_at = full_at
        self.quotes = quotes
        self.decoder = ElementDecoder()
        self.begun = False  # has there been any content?
        self.gave = False  # a bullet, or what an earlier pass had said
        self.went_on = False  # after the last bullet that was wanted
        self.looped = False
        self.end: End | None = None  # as the upstream says
        self._said = Standing()
        self._repeats = 0  # duplicates in a row
        self._looked = 0  # characters of the element of now that have been looked at
        self._heard = 0  # characters of its text, folded, that were in them

    @property
    def enough(self) -> bool:
        """Have we seen enough, whatever comes?"""
        return self.looped or self.went_on

    @property
    def hangs_up(self) -> bool:
        """Is there nothing more to be had of this answer, not even figures?"""
        return self.enough or (self.decoder.done and self.outcome is not Outcome.CLOSED)

    @property
    def outcome(self) -> Outcome:
        """How far the document has come."""
        return self.decoder.outcome

    def note_said(self, line: str, *, duplicate: bool) -> None:
        """An element was a bullet, or a duplicate of one; three duplicates in a row are a loop.

        But not duplicates of what an earlier pass said: who goes on for another model may well begin as that one did.
        """
        again = duplicate and self._said.says(line)
        self._repeats = self._repeats + 1 if again else 0
        self._said.add(line)
        self.gave = True
        self.looped = self._repeats >= _LOOP

    def note_withheld(self) -> None:
        """An element was no bullet, and no duplicate either."""
        self._repeats = 0

    def goes_round(self, element: str) -> bool:
        """Does the text of this closed element repeat itself?"""
        self._look(element)
        self._looked = self._heard = 0
        return self.looped

    def look_at_open(self) -> None:
        """Does that of the element that is open, or was cut off at a limit?"""
        if self.decoder.open_chars - self._looked >= _LOOK_EVERY:
            self._look(self.decoder.open_text)

    def close(self) -> DocumentEnd:
        """What there was of a document."""
        return self.decoder.close()

    def _look(self, element: str) -> None:
        while len(element) - self._looked >= _LOOK_EVERY and not self.looped:
            self._looked += _LOOK_EVERY
            text = _text_of(element[: self._looked])
            self.looped = loops(text, since=self._heard)
            self._heard = len(text)


def _text_of(beginning: str) -> str:
    """The text, folded, in an element's beginning."""
    try:
        value = jiter.from_json(beginning.encode(errors="replace"), partial_mode="trailing-strings")
    except ValueError:
        return ""
    text = value.get("text") if isinstance(value, dict) else value
    return _without_runs(" ".join(text.split())) if isinstance(text, str) else ""


def _without_runs(text: str) -> str:
    """To find that there is none costs the expression longer than all else: each has four in a row at such a place."""
    fours = zip(text[::4], text[1::4], text[2::4], text[3::4], strict=False)
    return _RUN.sub(r"\1", text) if any(one == two == three == four for one, two, three, four in fours) else text
