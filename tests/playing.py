"""Play a model's text through a Summary, as a run does it; and look at what came out."""

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from streamsum.core.events import Bullet, BulletRejected, Event, SummaryCompleted, SummaryFailed
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Bill, Cause, End, PassReport, Timing
from streamsum.core.summary import Summary

BILL = Bill((PassReport(kind="first", model="m"),), Timing(total_ms=1))
Played = tuple[list[Event], SummaryCompleted | SummaryFailed]


@cache
def request(max_bullets: int) -> SummaryRequest:
    return SummaryRequest(text="source", max_bullets=max_bullets)


def play(cuts: Sequence[str], end: Cause = Cause.STOP, *, cause: Cause | None = None, max_bullets: int = 5) -> Played:
    """As a run does it: read while more is wanted, then close."""
    summary = Summary(request(max_bullets))
    assert summary.next_pass(None)
    events: list[Event] = []
    for cut in cuts:
        events += summary.receive_deltas(cut)
        if summary.wants == "nothing":
            break
    summary.next_pass(End(end, "stop"))  # there may be more to ask, but nobody who is asked
    return events, summary.close(cause, BILL)


def outline(events: list[Event]) -> list[str]:
    """The bullets' texts, and the first code of each rejection with a minus before it."""
    return [
        event.text if isinstance(event, Bullet) else "-" + event.reasons[0].code
        for event in events
        if isinstance(event, Bullet | BulletRejected)
    ]


def finish(last: SummaryCompleted | SummaryFailed) -> str:
    """As `complete`, or `failed:length`."""
    return last.finish if isinstance(last, SummaryCompleted) else "failed:" + last.ledger.finish


def cut(text: str, at: Sequence[int]) -> list[str]:
    """`text` in pieces, cut at these places."""
    places = sorted({0, *(place for place in at if place < len(text)), len(text)})
    return [text[a:b] for a, b in pairwise(places)]


def every_cut(text: str, *, up_to: int = 200, seed: int = 0) -> Iterator[list[str]]:
    """Character by character; and cut in two anywhere, or, beyond `up_to` characters, at random places, ten times."""
    yield list(text)
    if len(text) <= up_to:
        yield from ([text[:at], text[at:]] for at in range(1, len(text)))
    else:
        draw = random.Random(seed)
        yield from (cut(text, draw.sample(range(len(text)), draw.randint(1, 20))) for _ in range(10))
