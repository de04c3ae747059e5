"""The client's bullets and the upstream's closing characters, joined."""

import json
from pathlib import Path

import pytest

from benchmarks.load.journal import note_lags, read_journal
from tests.load.levels import outcome


def line(tag: str | None, arrived_at: float, *elements_at: float) -> str:
    return json.dumps({"tag": tag, "arrived_at": arrived_at, "elements_at": elements_at, "ending": "finished"}) + "\n"


def test_calls_are_found_by_their_tags(tmp_path: Path) -> None:
    """Several passes of one summary, in the order of their calls; what is no whole line says nothing."""
    file = tmp_path / "journal.jsonl"
    assert read_journal(file, {"a"}) == {}
    file.write_text(line("b", 5, 6, 7) + line("a", 1, 2) + line("b", 3, 4) + line(None, 1, 1) + '{}\n[]\n{"tag": "a')
    assert read_journal(file, {"a", "b"}) == {"a": [2], "b": [4, 6, 7]}
    assert read_journal(file, {"a"}) == {"a": [2]}


def test_a_journal_that_is_none_says_nothing(tmp_path: Path) -> None:
    """It is read when all has been measured, and none of that may be lost."""
    assert read_journal(tmp_path, {"a"}) == {}
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"\xff\xfe\n" + line("a", 1, 2).encode())
    assert read_journal(file, {"a"}) == {"a": [2]}


def test_the_lag_is_from_the_closing_character_to_the_client() -> None:
    """Bullets by the elements that they were: a rejection between takes one, too."""
    it = outcome(at=100, tag="b", bullets=[1.0, 3.0], elements=[0, 2])
    unknown = outcome(at=100, tag="x")
    note_lags([it, unknown], {"b": [100.9, 101.5, 102.75]})
    assert it.lags == pytest.approx([0.1, 0.25])
    assert unknown.lags == []


def test_a_journal_that_knows_less_gives_less() -> None:
    """A call that was still under way has told nothing of its last elements."""
    it = outcome(at=100, tag="b", bullets=[1.0, 3.0], elements=[0, 1])
    note_lags([it], {"b": [100.5]})
    assert it.lags == pytest.approx([0.5])
