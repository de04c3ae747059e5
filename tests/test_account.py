"""runs/account.py: when things came, and what each pass cost."""

import asyncio

from streamsum.core.events import Bullet, Event, SummaryCreated
from streamsum.runs.account import Account
from tests.jumping_clock import in_jumping_time, now

CREATED = SummaryCreated(id="x", model="owl", max_bullets=5, created_at="2026-11-22T00:00:00Z")
BULLET = Bullet(index=0, text="The first.")


async def lived(account: Account) -> list[bool]:
    """What `note_content` says after one second and after two; a bullet is written after three, another after four."""
    first = []
    for _ in range(2):
        await asyncio.sleep(1)
        first.append(account.note_content())
    for _ in range(2):
        await asyncio.sleep(1)
        account.note_written([BULLET])
    return first


@in_jumping_time
async def test_the_first_content_and_the_first_bullet_have_their_times() -> None:
    """In milliseconds since admission."""
    account = Account(admitted=now())
    account.note_written([CREATED])
    assert await lived(account) == [True, False]
    timing = account.bill().timing
    assert (timing.first_delta_ms, timing.first_bullet_ms, timing.total_ms) == (1000, 3000, 4000)


@in_jumping_time
async def test_what_another_process_has_seen_first_has_no_time() -> None:
    """When its content came nobody knows; but the first bullet is the first, if none is stored."""
    stories: list[tuple[list[Event], int | None]] = [([CREATED], 103_000), ([CREATED, BULLET], None), ([BULLET], None)]
    for stored, first_bullet_ms in stories:
        account = Account(admitted=now() - 100)
        account.take_over(stored, model="parrot")
        assert await lived(account) == [False, False]
        bill = account.bill()
        assert (bill.timing.first_delta_ms, bill.timing.first_bullet_ms) == (None, first_bullet_ms)
        assert bill.timing.total_ms == 104_000
        assert [each.model for each in bill.passes] == ["owl" if stored[0] is CREATED else "parrot"]
