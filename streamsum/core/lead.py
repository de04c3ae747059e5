"""Find the document in what a model writes before it: thinking, prose, an opening fence.

The document is known by its structure, not by its first bracket: `{` with a key and a colon after it, or `[` with a
string or an object. Empty ones, `{}` and `[]`, count only where no prose came before (prose is full of them), and an
array counts only where no bracket was passed over: behind `{bullets: ` it is the inside of something broken.
"""

import re
from functools import cache
from typing import NamedTuple

_MARK = re.compile(r"[\[{]|<think>")
_THOUGHT = "</think>"
_NO_PROSE = re.compile(r"\s*(```\w*\s*)?")
# A head longer than this is prose whatever follows: it holds an opening fence with any language's name.
_HEAD_CHARS = 64


class _Patterns(NamedTuple):
    object: re.Pattern[str]  # here a document starts
    array: re.Pattern[str]  # ... in its other form
    empty: re.Pattern[str]  # here one starts and ends
    perhaps: re.Pattern[str]  # the text ends before that can be told
    blanks: re.Pattern[str]  # too many of them


@cache
def _patterns(lead_chars: int, blank_run: int) -> _Patterns:
    blank = rf"[ \t\n\r]{{0,{blank_run}}}+"
    key = rf'"(?:[^"\\]|\\.){{0,{lead_chars}}}+'
    return _Patterns(
        object=re.compile(rf'\{{{blank}{key}"{blank}:', re.DOTALL),
        array=re.compile(rf'\[{blank}["{{]'),
        empty=re.compile(rf"\{{{blank}\}}|\[{blank}\]"),
        perhaps=re.compile(rf'(?:\{{{blank}(?:{key}(?:\\|"{blank})?)?|\[{blank})\Z', re.DOTALL),
        blanks=re.compile(rf"[ \t\n\r]{{{blank_run + 1}}}"),
    )


class Lead:
    """Everything before the document. `lost` and `endless` are the two ways to give up."""

    __slots__ = (
        "_blanks",
        "_chars",
        "_head",
        "_held",
        "_lead_chars",
        "_passed_bracket",
        "_patterns",
        "_thinking",
        "endless",
        "lost",
    )

    def __init__(self, *, lead_chars: int, blank_run: int) -> None:
        """Prose and fences up to `lead_chars`, white space in a row up to `blank_run` characters."""
        self._lead_chars = lead_chars
        self._patterns = _patterns(lead_chars, blank_run)
        self._held = ""  # the end of the last read, where it may be the beginning of something
        self._head = ""  # what prose there was, as far as it decides whether there was any
        self._chars = 0
        self._blanks = 0  # white space at the end of the prose
        self._thinking = False
        self._passed_bracket = False
        self.lost = False  # too much prose: no document will be found
        self.endless = False  # too much white space

    def find(self, text: str) -> str | None:
        """`text` is the next read. Returns what of it is the document's beginning, or None: not yet."""
        text, at = self._held + text, 0
        self._held = ""
        while True:
            if self._thinking:
                at = self._skip_thought(text, at)
            if self._thinking or not (mark := _MARK.search(text, at)):
                self._hold_back(text, at)
                return None
            self._skip_prose(text[at : mark.start()])
            at = mark.start()
            if self.lost or self.endless:
                return None
            if mark[0] == "<think>":
                self._thinking, at = True, mark.end()
            elif self._starts_document(text, at):
                return text[at:]
            elif self._patterns.perhaps.match(text, at):
                self._held = text[at:]
                return None
            else:
                self._passed_bracket = True
                self._skip_prose(text[at : at + 1])
                at += 1

    def _starts_document(self, text: str, at: int) -> bool:
        if self._patterns.object.match(text, at):
            return True
        if self._patterns.array.match(text, at):
            return not self._passed_bracket
        return bool(self._patterns.empty.match(text, at)) and _NO_PROSE.fullmatch(self._head) is not None

    def _skip_thought(self, text: str, at: int) -> int:
        """Where the thought ends, if it does. What was written before it is no prose."""
        if (end := text.find(_THOUGHT, at)) < 0:
            return at
        self._thinking, self._passed_bracket, self._head, self._blanks = False, False, "", 0
        return end + len(_THOUGHT)

    def _hold_back(self, text: str, at: int) -> None:
        """Nothing more to find: keep only what may be a tag cut in two."""
        tag = _THOUGHT if self._thinking else "<think>"
        keep = next((n for n in range(min(len(tag) - 1, len(text) - at), 0, -1) if text.endswith(tag[:n])), 0)
        rest = len(text) - keep
        if not self._thinking:
            self._skip_prose(text[at:rest])
        self._held = text[rest:]

    def _skip_prose(self, prose: str) -> None:
        prose = prose[: self._lead_chars + 1 - self._chars]  # what comes first, too long or too blank, decides
        self._chars += len(prose)
        self._head = (self._head + prose)[:_HEAD_CHARS]
        around = " " * self._blanks + prose
        self._blanks = len(around) - len(around.rstrip(" \t\n\r"))
        self.endless = self._patterns.blanks.search(around) is not None
        self.lost = not self.endless and self._chars > self._lead_chars
