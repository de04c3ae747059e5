"""The service and the fake upstream as processes of our own."""

import asyncio
import os
from pathlib import Path

import pytest

from benchmarks.load.cores import available_cores
from benchmarks.load.processes import CannotStart, fake_upstream, handed_on, service
from benchmarks.load.texts import script_of
from tests.load.family import children
from tests.servers import client_of

CORES = frozenset(available_cores()[:1])


async def test_they_run_where_they_should_and_end_with_the_block(tmp_path: Path) -> None:
    """The service answers from its fake model, with the settings it was given; both are on their core; none is left."""
    settings = {"STREAMSUM_MAX_BODY_BYTES": "300"}
    journal = tmp_path / "journal.jsonl"
    before = set(children(os.getpid()))
    async with (
        asyncio.timeout(40),
        fake_upstream(script_of(2), ["--pace", "0"], CORES, folder=tmp_path, journal=journal) as model,
        service(model, settings, CORES) as url,
        client_of(int(url.rpartition(":")[2])) as client,
    ):
        ours = {number: words for number, words in children(os.getpid()).items() if number not in before}
        assert sorted("streamsum serve" in words for words in ours.values()) == [False, True]
        assert all(os.sched_getaffinity(number) == CORES for number in ours)
        assert all(os.getsid(number) == number for number in ours), "a Ctrl-C is not theirs"
        answered = await client.post("/v1/summaries", json={"text": "x", "stream": False})
        assert len(answered.json()["bullets"]) == 2
        assert (await client.post("/v1/summaries", json={"text": "x" * 300})).status_code == 413
    assert set(children(os.getpid())) <= before
    assert len(journal.read_text().splitlines()) == 1


async def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    """In its own last words; and nothing is left of it."""
    before = set(children(os.getpid()))
    with pytest.raises(CannotStart, match="STREAMSUM_KEEP_S"):
        async with asyncio.timeout(40), service("http://127.0.0.1:1/v1", {"STREAMSUM_KEEP_S": "soon"}, CORES):
            pytest.fail("it started")
    with pytest.raises(CannotStart, match="unknown step"):
        async with asyncio.timeout(40), fake_upstream("x", [], CORES, folder=tmp_path, journal=tmp_path / "j"):
            pytest.fail("it started")
    assert set(children(os.getpid())) <= before


def test_keys_and_settings_are_not_handed_on() -> None:
    """Only what a program needs to run: the load must not reach a model that costs money."""
    ours = {"PATH": "/bin", "HOME": "/", "OPENAI_API_KEY": "x", "STREAMSUM_UPSTREAMS_FILE": "y", "HTTPS_PROXY": "z"}
    assert handed_on(ours) == {"PATH": "/bin", "HOME": "/"}
