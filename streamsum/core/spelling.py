"""A text in the one spelling that all its spellings share, and where each character of that comes from."""

import re
from unicodedata import category, combining, normalize

_MARKS = dict(zip("“”„‟«»‘’‚‛‹›`´‐‑‒–—―−", "\"\"\"\"\"\"''''''''-------", strict=True))
# Stretches that only need small letters; the characters between them are looked at one by one.
_PLAIN = re.compile(r"[!-_a-~]+(?: [!-_a-~]+)*")


class Spelling:
    """White space is one blank, quotation marks and dashes are those of ASCII, letters small, in compatibility form."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []  # of each character, in the text that it comes from
        self._pieces: list[str] = []
        self._length = len(text)
        at = 0
        for found in _PLAIN.finditer(text):
            self._add_odd(text, at, found.start())
            self._add(found[0].lower(), range(found.start(), found.end()))
            at = found.end()
        self._add_odd(text, at, len(text))
        self.text = "".join(self._pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `self.text[start:end]` comes from, marks on its last character included."""
        return self._starts[start], self._starts[end] if end < len(self._starts) else self._length

    def _add(self, piece: str, starts: "range | list[int]") -> None:
        self._pieces.append(piece)
        self._starts.extend(starts)

    def _add_odd(self, text: str, start: int, end: int) -> None:
        for at in range(start, end):
            character = text[at]
            if character.isspace():
                self._add_blank(at)
            elif combining(character):
                self._compose(character)
            elif category(character) != "Cf":  # soft hyphens, joiners
                plain = _MARKS.get(character) or normalize("NFKC", character).casefold()
                self._add(plain, [at] * len(plain))

    def _add_blank(self, at: int) -> None:
        if not self._pieces or not self._pieces[-1].endswith(" "):
            self._add(" ", [at])

    def _compose(self, mark: str) -> None:
        """Put `mark` on the character before it, where there is one character for both."""
        if self._pieces and len(both := normalize("NFKC", self._pieces[-1][-1] + mark)) == 1:
            self._pieces[-1] = self._pieces[-1][:-1] + both.casefold()
