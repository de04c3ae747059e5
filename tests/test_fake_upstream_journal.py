"""The fake upstream's journal: when each element's closing character went out, for readers in other processes."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.fake_upstream import Chunk, Content, Delivery, FakeUpstream, Gate, Journal, Pause, Role, answer, bullets
from benchmarks.fake_upstream.element_ends import document, element_ends
from tests.test_fake_upstream import REQUEST, ask, command, raw_client

ELEMENTS: list[Any] = ["Ships in spring", 'a ] and a " in it', {"text": "𝄞 [1]"}, ["x", ["y"]]]


@pytest.mark.parametrize("space", [", ", ",", " ,\n\t"])
def test_an_element_ends_at_its_closing_character(space: str) -> None:
    """Whatever stands in it, and between two of them."""
    written = [json.dumps(each, ensure_ascii=False) for each in ELEMENTS]
    text = f'{{"bullets": [ {space.join(written)}\n]}}'
    ends = element_ends(text)
    assert [text[:end].endswith(each) for end, each in zip(ends, written, strict=True)] == [True] * 4


def test_what_is_no_array_has_no_ends() -> None:
    """Prose, nothing, an empty array; and a broken element is the last that is looked at."""
    assert element_ends("") == element_ends("none here") == element_ends('{"bullets": []}') == ()
    assert element_ends('["a", "b, c]') == (4,)
    assert element_ends("[" * 100_000) == ()


def test_a_document_is_what_the_content_says() -> None:
    """In several steps, with others between that cannot be hashed or are no content."""
    assert document((Role(), Content('["a'), Chunk({}), Pause(1), Gate(), Content('"]'))) == '["a"]'


async def test_the_journal_knows_when_elements_closed() -> None:
    """In order, each when the write with its last character went out: not before the tokens in front of it."""
    text, lines = bullets("one" * 10, "two" * 20, "three"), io.StringIO()
    async with FakeUpstream(answer(text), delivery=Delivery(pace=500), journal=Journal(lines)) as upstream:
        before = asyncio.get_running_loop().time()
        await ask(upstream, messages=[{"role": "user", "content": "see load-test-00000000deadbeef\n"}])
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["tag"], line["ending"]) == ("00000000deadbeef", "finished")
    assert before <= line["arrived_at"] <= line["elements_at"][0]
    tokens = [-(-end // 4) for end in element_ends(text)]
    assert line["elements_at"] == upstream.calls[0].elements_at
    sent = upstream.calls[0].sent
    assert line["elements_at"] == [sent[token - 1][0] for token in tokens]


async def test_a_call_that_was_left_has_what_went_out() -> None:
    """One bullet, then the client goes: one time, and the ending says why."""
    lines, gate = io.StringIO(), Gate()
    script = (Content('{"bullets": ["a"'), gate, Content(', "b"]}'))
    async with FakeUpstream(script, journal=Journal(lines)) as upstream, raw_client(upstream) as client:
        client.send(json.dumps(REQUEST).encode())
        await gate.reached()
        client.writer.close()
        await upstream.calls[0].closed()
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["tag"], len(line["elements_at"]), line["ending"]) == (None, 1, "hung_up")


async def test_the_command_keeps_a_journal(tmp_path: Path) -> None:
    """Lines are added to the file as calls end."""
    journal = tmp_path / "journal.jsonl"
    journal.write_text("{}\n")
    async with (
        command("--bullets", "2", "--journal", str(journal)) as process,
        httpx2.AsyncClient(timeout=10) as client,
    ):
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        for _ in range(2):
            await client.post(f"{url}/chat/completions", json=REQUEST)
        process.terminate()
        await process.communicate()
    assert [len(json.loads(line).get("elements_at", [])) for line in journal.read_text().splitlines()] == [0, 2, 2]
