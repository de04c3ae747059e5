"""runs/heirs.py: what becomes of a summary whose process is gone."""

from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from streamsum.core.models import SummaryRequest
from streamsum.core.passes import Cause
from streamsum.runs.heirs import fate, obituary, stand_in, unsealed
from streamsum.runs.log import Entry, Lease, Orphan
from streamsum.runs.sealing import Sealer

REQUEST = SummaryRequest(text="A text.", max_bullets=7)
CREATED = Entry(1, "summary.created", b'{"type": "summary.created", "max_bullets": 7}')
SEALER = Sealer([SecretStr("s" * 32)])
ORPHAN = Orphan(
    id="a",
    key="alice",
    on_disconnect="grace",
    lease=cast("Lease", None),  # nothing is written here
    entries=[CREATED],
    sealed=SEALER.seal(REQUEST, id="a", key="alice"),
    taken_before=False,
    cancelled=False,
    nobody_listens=False,
    age_s=10,
    left_s=100,
)


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({}, None),
        ({"nobody_listens": True}, None),
        ({"on_disconnect": "finish", "nobody_listens": True}, None),
        ({"on_disconnect": "cancel"}, None),
        ({"on_disconnect": "cancel", "nobody_listens": True}, Cause.CANCELLED),
        ({"cancelled": True}, Cause.CANCELLED),
        ({"cancelled": True, "taken_before": True}, Cause.CANCELLED),
        ({"taken_before": True}, Cause.PRODUCER_LOST),
        ({"left_s": 0}, Cause.PRODUCER_LOST),
        ({"left_s": -5}, Cause.PRODUCER_LOST),
    ],
)
def test_an_orphan_is_gone_on_with_or_ended(more: dict[str, Any], end: Cause | None) -> None:
    """The table of states.md."""
    assert fate(replace(ORPHAN, **more), REQUEST) is end


def test_what_nobody_can_know_ends() -> None:
    """Without the request there is nothing to ask a model."""
    assert fate(ORPHAN, None) is Cause.PRODUCER_LOST


def test_a_sealed_request_is_read_with_its_secret() -> None:
    """By whoever has it; else nobody knows, and that is no error."""
    assert unsealed(ORPHAN, SEALER) == REQUEST
    assert unsealed(ORPHAN, None) is None
    assert unsealed(replace(ORPHAN, sealed=None), SEALER) is None
    assert unsealed(replace(ORPHAN, id="b"), SEALER) is None
    assert unsealed(ORPHAN, Sealer([SecretStr("t" * 32)])) is None


def test_a_stand_in_says_what_the_events_do() -> None:
    """Also when there are none yet."""
    assert stand_in(ORPHAN.entries).max_bullets == 7
    assert stand_in([]).max_bullets == 1


def test_what_cannot_be_read_is_counted_by_the_names_of_its_events() -> None:
    """Whatever else they may hold; what is not known by name is not counted."""
    codes = (b"duplicate", b"blank")
    entries = [
        CREATED,
        Entry(2, "bullet", b'{"text": "The first.", "index": 0, "stars": 5}'),
        *(Entry(n, "bullet.rejected", b'{"reasons": [{"code": "%s"}]}' % code) for n, code in enumerate(codes, 3)),
        Entry(5, "bullet.praised", b"[]"),
    ]
    ledger = obituary(replace(ORPHAN, entries=entries)).ledger
    assert (ledger.bullets, ledger.rejected, ledger.duplicates, ledger.passes) == (1, 2, 1, ())
    assert (ledger.finish, ledger.truncated, ledger.timing.total_ms) == ("producer_lost", True, 10_000)
