"""benchmarks/evidence.py measures what it says."""

import json

import pytest

from benchmarks import evidence
from benchmarks.evidence import Case, WrongAnswer, english_pieces, make_case, measure
from streamsum.core.evidence import Evidence
from streamsum.core.source import Source


@pytest.fixture(scope="module")
def case() -> Case:
    """A small one."""
    return make_case(english_pieces()[0], 3_000)


def test_a_case_has_its_piece_among_other_prose(case: Case) -> None:
    """And is the same each time."""
    assert case == make_case(english_pieces()[0], 3_000)
    assert 0 < case.start < case.end < len(case.text)
    assert len(case.text) == pytest.approx(3_000, abs=400)


def test_a_wrong_answer_is_caught(case: Case) -> None:
    """Evidence from elsewhere; a changed number that is not seen."""
    other = Evidence(Source("Nothing of all this was ever written down anywhere."))
    with pytest.raises(WrongAnswer, match="3000 characters"):
        evidence.check(case, other)
    blind = Case(**{**vars(case), "numbers": case.faithful})
    with pytest.raises(WrongAnswer):
        measure([blind], rounds=1)


def test_it_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With a mean and the worst; or the same as JSON."""
    arguments = ["--rounds", "1", "--sizes", "3000", "--pieces", "2"]
    evidence.main(arguments)
    text = capsys.readouterr().out
    assert "| 3,000 characters, mean |" in text
    assert "rapidfuzz 3" in text
    evidence.main([*arguments, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {each["chars"] for each in found["results"]} == {3_000}
    assert all(each["bullet_p95_ms"] >= each["faithful_ms"] / 2 > 0 for each in found["results"])
