"""What may be appended to a summary's events: the rules that every log holds its producers to."""

from collections.abc import Sequence

from streamsum.runs.log import Entry


def check_append(entries: Sequence[Entry], *, after: int, over: bool, final: bool) -> None:
    """Raise RuntimeError, for it is a bug of ours, if `entries` cannot follow event `after`; `over`: nothing can.

    `final`: the last of them is said to be the summary's last.
    """
    if over:
        raise RuntimeError("an append after the end")
    if [entry.n for entry in entries] != list(range(after + 1, after + 1 + len(entries))):
        raise RuntimeError("the numbers of events must go on from the last, without gaps")
    if [entry.final for entry in entries if entry.final] != [True] * final:
        raise RuntimeError("the final append has the final event, and no other append has one")
