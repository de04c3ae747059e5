"""The invariants of the core over many random streams: 20,000, or STREAMSUM_FUZZ_STREAMS of them.

Every stream comes from its seed alone; a failure prints that, and the shortest text that still fails, to be put into
`check` by hand. STREAMSUM_FUZZ_SEED names another set of streams.
"""

import hashlib
import os
from collections.abc import Sequence

import pytest

from streamsum.core.document import DocumentEnd, Element, Limits, Outcome
from streamsum.core.elements import ElementDecoder
from streamsum.core.events import Bullet, BulletRejected, SummaryFailed
from tests import judge
from tests.damaged import Stream, shortest, stream
from tests.playing import Played, cut, finish, outline, play

STREAMS = int(os.environ.get("STREAMSUM_FUZZ_STREAMS", "20000"))
SEED = os.environ.get("STREAMSUM_FUZZ_SEED", "0")
PER_TEST = 1000
# The other tests cover every line; traced line by line, these would take twice as long.
pytestmark = [pytest.mark.no_cover, pytest.mark.slow]


@pytest.mark.parametrize("first", range(0, STREAMS, PER_TEST))
def test_random_streams_keep_the_invariants(first: int) -> None:
    """A thousand of them, or what is left."""
    for n in range(first, min(first + PER_TEST, STREAMS)):
        drawn = stream(f"{SEED}:{n}")
        if fault := find_fault(drawn):
            less = shortest(drawn, lambda stream: bool(find_fault(stream)))
            pytest.fail(f"stream {SEED}:{n}, {fault!r}; the shortest like it: check({less!r})")


def test_limits_act_alike_in_any_cutting() -> None:
    """Small ones, that nearly every stream runs into somewhere."""
    limits = Limits(depth=4, element_chars=30, elements=4, document_chars=120, blank_run=3, lead_chars=30)
    outcomes = set()
    for n in range(STREAMS // 10):
        drawn = stream(f"{SEED}:limits:{n}")
        cuts = [drawn.text], cut(drawn.text, drawn.places), list(drawn.text)
        whole, some, single = (decode(cut, limits)[:2] for cut in cuts)
        assert describe(whole) == describe(some) == describe(single), drawn
        outcomes.add(whole[1].outcome)
    assert outcomes == set(Outcome)


def find_fault(stream: Stream) -> str:
    """What `check` says."""
    try:
        check(stream)
    except Exception as error:  # noqa: BLE001 - a crash of the core is a fault like any other
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def check(stream: Stream) -> None:
    """All invariants that a text can be held against without a network. Raises AssertionError."""
    text, max_bullets = stream.text, stream.max_bullets
    played = play([text], max_bullets=max_bullets)
    assert play(cut(text, stream.places), max_bullets=max_bullets) == played, "the same events for any cutting"
    check_account(played, max_bullets)
    elements, end, closed_at = decode(list(text))
    if closed_at < len(text):
        assert play([text[:closed_at]], max_bullets=max_bullets) == played, "what comes after the end is ignored"
    check_elements(text, elements)
    document = judge.region(text[:closed_at])
    assert end.valid is (end.outcome is Outcome.CLOSED and document is not None), "valid is what a strict parser takes"
    if end.outcome is Outcome.CLOSED and document is not None:
        assert (outline(played[0]), finish(played[1])) == judge.expected(document, max_bullets=max_bullets)
    else:
        check_finish(played, end)


def decode(cuts: Sequence[str], limits: Limits | None = None) -> tuple[list[Element], DocumentEnd, int]:
    """The elements; how it ended, and after how many pieces."""
    decoder = ElementDecoder(limits=limits)
    elements: list[Element] = []
    for n, piece in enumerate(cuts, 1):
        elements += decoder.feed(piece)
        if decoder.done:
            return elements, decoder.close(), n
    return elements, decoder.close(), len(cuts)


def describe(decoded: tuple[list[Element], DocumentEnd]) -> tuple[list[tuple[str, str]], DocumentEnd]:
    """So that it can be compared: two faults are not equal, and NaN is not either."""
    elements, end = decoded
    return [(element.text, repr(element.fault)) for element in elements], end


def check_account(played: Played, max_bullets: int) -> None:
    """Indexes without gaps; a ledger that adds up."""
    events, last = played
    ledger = last.ledger if isinstance(last, SummaryFailed) else last
    bullets = [event for event in events if isinstance(event, Bullet)]
    codes = [[reason.code for reason in event.reasons] for event in events if isinstance(event, BulletRejected)]
    assert len(bullets) + len(codes) == len(events), "nothing but bullets and rejections before the end"
    assert [bullet.index for bullet in bullets] == list(range(ledger.bullets))
    assert ledger.bullets <= max_bullets
    assert ledger.rejected == len(codes)
    assert ledger.duplicates == sum("duplicate" in reasons for reasons in codes)
    assert ledger.truncated is (ledger.finish not in {"complete", "max_bullets"})
    assert ledger.digest == hashlib.sha256("".join(f"{each.text}\n" for each in bullets).encode()).hexdigest()
    assert len({bullet.text for bullet in bullets}) == len(bullets)


def check_elements(text: str, elements: list[Element]) -> None:
    """Those that ijson finds before it gives up are found, in that order; where both could read them, alike."""
    at = judge.start(text)
    found = [] if at is None else judge.elements_until_broken(text[at:])
    for ours, theirs in zip(elements, found, strict=False):
        assert ours.fault or ours.value == theirs, "elements are what an independent parser finds"


def check_finish(played: Played, end: DocumentEnd) -> None:
    """How a document that is not whole, or not sound, may end."""
    how = finish(played[1])
    bullets = any(isinstance(event, Bullet) for event in played[0])
    if how in {"max_bullets", "loop"}:
        assert bullets
    elif end.outcome is Outcome.BROKEN or (end.outcome is Outcome.CLOSED and bullets):
        assert how == ("malformed" if bullets else "failed:malformed")
    elif end.outcome is Outcome.CLOSED:
        assert how in {"failed:malformed", "failed:output_invalid"}
    elif end.outcome is Outcome.LIMIT:
        assert how == ("limit" if bullets else "failed:limit")
    else:
        assert how == ("failed:output_invalid" if end.outcome is Outcome.ABSENT else "failed:upstream_truncated")
