"""The texts that are sent, and the answer that the fake model gives."""

import json
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks.fake_upstream import parse
from benchmarks.fake_upstream.element_ends import document
from benchmarks.load.texts import MAX_TEXT_BYTES, built_in, read_texts, script_of, sentence


def test_the_built_in_texts_have_several_lengths() -> None:
    """Each at least as long as it says, to the end of a sentence."""
    lengths = [text.chars for text in built_in()]
    assert all(wanted <= found < wanted + 200 for wanted, found in zip((1_000, 5_000, 20_000), lengths, strict=True))
    assert all(text.text.endswith(".") for text in built_in())


def test_the_answer_quotes_the_texts() -> None:
    """So that evidence is found where a good model's would be: the default five stand in the shortest text."""
    (said,) = [json.loads(document(parse(script_of(5))))]
    assert len(said["bullets"]) == 5
    assert all(bullet in text.text for bullet in said["bullets"] for text in built_in())


def test_no_two_sentences_of_an_answer_are_alike() -> None:
    """Or a check for duplicates would reject them: of four clauses no two in fifty share more than two."""
    words = [sentence(number).split() for number in range(50)]
    assert max(len(set(a) & set(b)) / len(set(a)) for a, b in combinations(words, 2)) < 0.9
    assert len({sentence(number).split(" ", 2)[2] for number in range(5_000)}) == 5_000


def test_texts_of_ones_own(tmp_path: Path) -> None:
    """Every *.txt of a folder, by name; nothing else."""
    (tmp_path / "b.txt").write_text("Zwei Fälle.", encoding="utf-8")
    (tmp_path / "a.txt").write_text("One.")
    (tmp_path / "c.md").write_text("No.")
    assert [(text.name, text.text) for text in read_texts(tmp_path)] == [("a.txt", "One."), ("b.txt", "Zwei Fälle.")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "1 to 1000 files"),
        (b" \n", "a.txt is blank"),
        (b"\xff\xfe", "a.txt cannot be read as UTF-8"),
        (b"x" * (MAX_TEXT_BYTES + 1), "a.txt is over"),
    ],
    ids=["none", "blank", "not UTF-8", "too long"],
)
def test_texts_that_cannot_be_sent_are_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    """Before anything starts, by the file's name."""
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_texts(tmp_path)
