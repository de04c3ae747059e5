"""One pass's answer as it is read: where its document has got to, and whether the model goes round in circles."""

import re

from streamsum.core.document import DocumentEnd, Outcome
from streamsum.core.elements import ElementDecoder
from streamsum.core.passes import End, PassKind
from streamsum.core.repeats import is_repeat, loops

# A model that says the same thing three times in a row does not stop by itself.
_LOOP = 3
# How much more of an open element there must be before it is looked at again: to look costs a copy of it.
_LOOK_EVERY = 64
# What asking once more does not change: it has been said; and what is unsafe was not written by accident.
_NOT_MENDABLE = {"duplicate", "unsafe"}

# White space, and a run of one character, are no text, and come to limits of their own. What is folded of a text's
# beginning is the beginning of what is folded of it all.
_BLANKS = re.compile(r"\s+")
_RUN = re.compile(r"((.)\2{7})\2+")


class Reading:
    """The state of one pass; `full_at`: the number of bullets, of the whole summary, that it may lead to."""

    def __init__(self, kind: PassKind, *, full_at: int) -> None:
        self.kind = kind
        self.full_at = full_at
        self.decoder = ElementDecoder()
        self.begun = False  # has there been any content?
        self.went_on = False  # after the last bullet that was wanted
        self.looped = False
        self.end: End | None = None  # as the upstream says
        self.mendable: list[str] = []  # the codes of what was withheld, and that a model can do better
        self._said: list[str] = []
        self._repeats = 0  # duplicates in a row
        self._unlooked = 0  # characters that have come since the open element was looked at
        self._looked = 0  # characters of it that have been looked at

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
        self._repeats = self._repeats + 1 if duplicate and is_repeat(line, self._said) else 0
        self._said.append(line)
        self.looped = self._repeats >= _LOOP

    def note_withheld(self, codes: set[str]) -> None:
        """An element was no bullet, and no duplicate either."""
        self._repeats = 0
        if codes.isdisjoint(_NOT_MENDABLE):
            self.mendable += sorted(codes)[:1]

    def goes_round(self, element: str) -> bool:
        """Does this closed element repeat itself?"""
        looked, self._looked, self._unlooked = self._looked, 0, 0
        self.looped = _loops(element, since=looked)
        return self.looped

    def look_at_open(self, chars: int) -> None:
        """So many have come: does the element that is open, or was cut off at a limit, repeat itself?

        The answer is that of its closed form: `loops` looks at places that do not depend on how the text arrived.
        """
        self._unlooked += chars
        if self._unlooked >= _LOOK_EVERY or self.outcome is Outcome.LIMIT:
            self._unlooked = 0
            text = _folded(self.decoder.open_text)
            self.looped = loops(text, since=self._looked)
            self._looked = len(text)

    def close(self) -> DocumentEnd:
        """What there was of a document."""
        return self.decoder.close()


def _loops(element: str, *, since: int) -> bool:
    return len(element) >= _LOOK_EVERY and loops(_folded(element), since=since)


def _folded(text: str) -> str:
    return _RUN.sub(r"\1", _BLANKS.sub(" ", text)).rstrip()
