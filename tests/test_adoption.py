"""Taking over what other processes leave behind: one that nobody can read keeps no other from it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr
from typing_extensions import override

from streamsum.core.models import SummaryRequest
from streamsum.runs.log import Entry, HasRoom, Joined, NewSummary, Orphan, always
from streamsum.runs.registry import Runs
from streamsum.runs.sealing import Sealer
from streamsum.settings import Settings
from tests.jumping_clock import in_jumping_time, settle
from tests.scripted import HANG, ScriptedUpstream
from tests.test_registry import DOCUMENT, Legacy, orphan_of

SEALER = Sealer([SecretStr("s" * 32)])
CREATED = {"model": "parrot", "max_bullets": 5, "created_at": "2026-11-22T12:00:00.000Z"}
CANARY = "xyzzy-canary"


def created(id: str) -> bytes:
    return json.dumps({"type": "summary.created", "id": id} | CREATED).encode()


async def left_in(log: Legacy, id: str, *events: tuple[str, bytes], **more: object) -> Orphan:
    """An orphan with these events behind it, in `log`, and nobody told yet."""
    entries = [Entry(n, event, data) for n, (event, data) in enumerate(events, 1)]
    lease = await log.create(NewSummary(id, "", "finish"))
    assert not isinstance(lease, Joined)
    await lease.append(entries)
    sealed = SEALER.seal(SummaryRequest(text="x", evidence="off"), id=id, key="")
    return replace(orphan_of(id, lease), entries=tuple(entries), sealed=sealed, **more)  # type: ignore[arg-type]


async def last_of(log: Legacy, id: str) -> Entry:
    entries: Sequence[Entry] = await log.read(id, "")
    return entries[-1]


def heir(log: Legacy, *upstreams: ScriptedUpstream, total_s: float = 300) -> Runs:
    settings = Settings(total_s=total_s)
    return Runs(upstreams=upstreams or [ScriptedUpstream(script=[DOCUMENT])], log=log, settings=settings, sealer=SEALER)


@pytest.mark.parametrize(
    "unreadable",
    [
        ("bullet", b'{"type": "bullet", "index": 0, "words": "%b"}' % CANARY.encode()),
        ("bullet.rejected", b'{"type": "bullet.rejected", "reasons": [{}, "%b"]}' % CANARY.encode()),
        ("bullet.rejected", b'{"reasons": 1}'),
        ("bullet", b"[]"),
        ("bullet", b"%b {" % CANARY.encode()),
        ("of a later version", b"{}"),
    ],
)
@in_jumping_time
async def test_one_that_nobody_can_read_is_ended_and_the_next_one_goes_on(
    unreadable: tuple[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """A newer version may have written it, or a server that lost something; nothing of it is repeated."""
    log = Legacy()
    runs = heir(log)
    runs.adopt()
    for id, *events in (("a" * 22, unreadable), ("b" * 22,)):
        log.left.put_nowait(await left_in(log, id, ("summary.created", created(id)), *events))
        await settle()
    assert json.loads((await last_of(log, "a" * 22)).data)["ledger"]["finish"] == "producer_lost"
    assert (await last_of(log, "b" * 22)).event == "summary.completed"
    assert CANARY not in caplog.text
    await runs.aclose()


class Stumbling(Legacy):
    """Its orphans come to an end by a bug, once."""

    stumbled = False

    @override
    async def orphans(self, *, has_room: HasRoom = always) -> AsyncIterator[Orphan]:
        if not self.stumbled:
            self.stumbled = True
            raise RuntimeError(CANARY)
        async for orphan in super().orphans(has_room=has_room):
            yield orphan


@in_jumping_time
async def test_a_bug_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    """It is told, without its words, and a second later it goes on."""
    log = Stumbling()
    runs = heir(log)
    runs.adopt()
    log.left.put_nowait(await left_in(log, "a" * 22, ("summary.created", created("a" * 22))))
    await asyncio.sleep(2)
    assert (await last_of(log, "a" * 22)).event == "summary.completed"
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "a bug in taking over" in record.getMessage()
    assert CANARY not in caplog.text
    await runs.aclose()


@pytest.mark.parametrize("total_s", [60, 3600])
@in_jumping_time
async def test_it_has_the_time_that_it_was_promised(total_s: float) -> None:
    """Replicas may be set up differently, as while one change of them replaces another."""
    log, upstream = Legacy(), ScriptedUpstream(script=[HANG])
    runs = heir(log, upstream, total_s=total_s)
    runs.adopt()
    id = "a" * 22
    log.left.put_nowait(await left_in(log, id, ("summary.created", created(id)), age_s=100, left_s=200))
    await settle()
    assert upstream.deadlines == [pytest.approx(asyncio.get_running_loop().time() + 200, abs=1)]
    await runs.aclose()
