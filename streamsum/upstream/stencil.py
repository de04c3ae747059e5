"""Read the events that are like an earlier one in all but their text, without parsing each of them.

Most servers' chunks differ in nothing else. So the bytes around the text of one chunk are remembered, and what has the
same bytes around it says the same of everything else: a run of such events costs a search for those bytes, and one
parse of all their texts. What is not exactly so is left for whoever reads event by event. Pure.
"""

from collections.abc import Callable
from itertools import repeat

import jiter

# To learn takes about as long as to read so many events one by one; and where the form changes with every event
# (padding, counters, times), it is tried a few times in vain.
_COST = 8
_CREDIT = 4 * _COST
_PROBE = "streamsum"
# Of so few bytes C finds the next without looking at all the others first.
_MARK_BYTES = 5
_COMMA = b'",\n"'


class Stencil:
    """The form of one stream's events, once it is known. Offsets are in bytes."""

    def __init__(self, text_of: Callable[[bytes], str | None]) -> None:
        """`text_of` reads one event by itself: its text, None if it says anything else."""
        self.credit = _CREDIT  # without any, there is no sense in trying on
        self._text_of = text_of
        self._before = b""  # what stands before the text, from the event's first byte on
        self._mark = b""  # the first bytes of that,
        self._end = b""  # its other ones,
        self._between = b""  # and these with the next event's
        self._sizes = 0, 0, 0  # of the first and the last of these, and of all that is not text

    def learn(self, event: bytes, text: str) -> None:
        """Take the form of this event; `text` is what it says. No form where it is not known for sure."""
        encoded = text.encode("utf-8", "surrogatepass")  # of a lone half: not found, as no UTF-8 has it
        place = event.find(b'"%b"' % encoded) + 1
        if not place:
            return
        self.credit -= _COST
        before, after = event[:place], event[place + len(encoded) :]
        # Whatever else stands there, it is the text if another one in its place is read as the text, and as no more.
        if self._text_of(before + _PROBE.encode() + after) == _PROBE and self._text_of(before + after) == "":
            self._before, self._mark, self._end = before, after[:_MARK_BYTES], after[_MARK_BYTES:]
            self._between = self._end + before
            self._sizes = len(before), len(self._between), len(before) + len(after)

    def lay_on(self, read: bytes, at: int) -> tuple[str, int] | None:
        """The text of the run of events of this form that begins at `at`, and where it ends; None if there is none.

        The texts are parsed together. Between two there is a line feed, which no string may have (RFC 8259, section 7):
        so none reaches into the next, and one that is more than the inside of a string makes too many strings.
        """
        if not self._before or not read.startswith(self._before, at):
            return None
        begin, between, others = self._sizes
        texts = self._texts(read[at + begin :], between)
        joined = _COMMA.join(texts)
        try:
            found: list[str] = jiter.from_json(b'["%b"]' % joined)
            text = "".join(found)
        except (ValueError, TypeError):  # TypeError: an element that is no string
            return None
        count = len(found)
        if count != len(texts):
            return None
        if self.credit < _CREDIT:
            self.credit += count
        return text, at + count * others + len(joined) - (count - 1) * len(_COMMA)

    def _texts(self, read: bytes, size: int) -> list[bytes]:
        """Those of the run that `read` begins with, from its first text on; `size` is that of what is between two."""
        text, *pieces = read.split(self._mark)
        if not pieces:
            return []
        texts, last = [text], pieces.pop()
        if pieces:
            cut = list(map(bytes.removeprefix, pieces, repeat(self._between)))
            if sum(map(len, pieces)) - sum(map(len, cut)) < size * len(pieces):  # the run ends before
                end = next(n for n, piece in enumerate(pieces) if not piece.startswith(self._between))
                cut, last = cut[:end], pieces[end]
            texts += cut
        return texts if last.startswith(self._end) else texts[:-1]  # the last one is still open
