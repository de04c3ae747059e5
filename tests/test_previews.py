"""runs/previews.py: the open bullet, shown while it grows, beside the log."""

import asyncio
import json
from itertools import pairwise

from streamsum.core.models import SummaryRequest
from streamsum.runs.log import Entry, Preview
from streamsum.runs.memory_log import MemoryLog
from streamsum.runs.registry import Runs
from streamsum.settings import Settings
from tests.jumping_clock import in_jumping_time, now
from tests.scripted import ScriptedUpstream, Step


async def watch(*script: Step, preview: bool = True) -> list[tuple[float, Entry | Preview]]:
    """What a listener of now sees, and when."""
    log = MemoryLog(grace_s=0, keep_s=60, keep_bytes=1 << 20)
    runs = Runs(upstreams=[ScriptedUpstream(script=script)], log=log, settings=Settings())
    run = await runs.start(SummaryRequest(text="A source.", preview=preview))
    async with asyncio.timeout(1000), log.listen(run.id, "", None) as listener:
        seen = [(now(), news) async for news in listener]
        stored = await log.read(run.id, "")
    assert list(stored) == [news for _, news in seen if isinstance(news, Entry)], "a preview is not stored"
    await runs.aclose()
    await log.aclose()
    return seen


def previews(seen: list[tuple[float, Entry | Preview]]) -> list[tuple[int, str]]:
    data = [json.loads(news.data) for _, news in seen if isinstance(news, Preview)]
    return [(each["index"], each["text"]) for each in data if each["type"] == "bullet.delta"]


@in_jumping_time
async def test_the_open_bullet_is_shown_as_it_grows() -> None:
    """Under the index that it will have; nothing of it once it is closed."""
    seen = await watch('["The', 0.2, " first", 0.2, '", {"text": "Sec', 0.2, 'ond"}]')
    assert previews(seen) == [(0, "The"), (0, "The first"), (1, "Sec")]


@in_jumping_time
async def test_at_most_ten_a_second() -> None:
    """However many deltas come."""
    seen = await watch('["', *[step for _ in range(200) for step in ("x", 0.01)], '"]')
    times = [when for when, news in seen if isinstance(news, Preview)]
    assert 15 <= len(times) <= 21
    assert min(b - a for a, b in pairwise(times)) >= 0.0999


@in_jumping_time
async def test_the_same_text_is_shown_once() -> None:
    """Deltas that add nothing to see make no event."""
    assert previews(await watch('["a', 0.2, " ", 0.2, " ", 0.2, '"]')) == [(0, "a")]


@in_jumping_time
async def test_nothing_unsafe_is_shown() -> None:
    """Not even for a moment."""
    assert previews(await watch(r'["a', 0.2, r"\u202e", 0.2, 'b"]')) == [(0, "a")]


@in_jumping_time
async def test_without_asking_there_is_none() -> None:
    """Only with `preview`."""
    assert previews(await watch('["a', 0.2, 'b"]', preview=False)) == []
