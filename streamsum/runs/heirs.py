"""What becomes of a summary whose process is gone: `states.md`, ORPHAN."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import jiter

from streamsum.core.events import Ledger, SummaryFailed
from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause, Timing
from streamsum.errors import Problem
from streamsum.runs.log import Entry, Orphan
from streamsum.runs.sealing import Sealer, Unreadable


def fate(orphan: Orphan, request: SummaryRequest | None) -> Cause | None:
    """Why it ends at once; None: it is gone on with. `request`: what was asked for, as far as it can be known."""
    if orphan.cancelled or (orphan.nobody_listens and orphan.on_disconnect == "cancel"):
        return Cause.CANCELLED
    # A source that kills its process must not kill the next one too: one take-over each.
    if request is None or orphan.taken_before or orphan.left_s <= 0:
        return Cause.PRODUCER_LOST
    return None


def unsealed(orphan: Orphan, sealer: Sealer | None) -> SummaryRequest | None:
    """What was asked for; None: nobody here can know it."""
    if orphan.sealed is None or sealer is None:
        return None
    try:
        return sealer.open(orphan.sealed, id=orphan.id, key=orphan.key)
    except Unreadable:
        return None


def stand_in(entries: Sequence[Entry]) -> SummaryRequest:
    """A request that says what the events do: enough to draw up the account."""
    created = jiter.from_json(entries[0].data) if entries else {}
    return SummaryRequest(text="-", max_bullets=created.get("max_bullets", 1))


def obituary(orphan: Orphan) -> SummaryFailed:
    """The last event of one that nobody here can read: what is known by name is counted, as a client would."""
    texts = [text for data in _data_of("bullet", orphan.entries) if isinstance(text := data.get("text"), str)]
    rejected = [_codes(data.get("reasons")) for data in _data_of("bullet.rejected", orphan.entries)]
    ledger = Ledger(
        finish="producer_lost",
        truncated=True,
        bullets=len(texts),
        rejected=len(rejected),
        duplicates=sum("duplicate" in codes for codes in rejected),
        repaired=0,
        passes=(),
        timing=Timing(total_ms=round(orphan.age_s * 1000)),
        digest=hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest(),
    )
    return SummaryFailed(problem=Problem.of("producer_lost"), ledger=ledger)


def _data_of(event: str, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if entry.event == event:
            with suppress(ValueError):
                data = jiter.from_json(entry.data)
                if isinstance(data, dict):
                    yield data


def _codes(reasons: object) -> set[object]:
    return (
        {reason.get("code") for reason in reasons if isinstance(reason, dict)} if isinstance(reasons, list) else set()
    )
