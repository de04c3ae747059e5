"""benchmarks/peers/table.py, plot.py and chapter.py: what was measured, for people."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.peers import chapter
from benchmarks.peers.__main__ import main
from benchmarks.peers.environments import ROOT
from benchmarks.peers.plot import plot
from benchmarks.peers.results import Trial
from benchmarks.peers.scenes import SCENES
from benchmarks.peers.table import tables
from tests.measured import COSTS, results, trial


def test_tables_have_every_scene_and_ratio() -> None:
    """Medians of the figures; each ratio to ours and to the floors that were there."""
    text = tables(results())
    for scene in SCENES:
        assert f"**{scene.title}: what it costs**" in text
    row = next(line for line in text.splitlines() if line.startswith("| PydanticAI |"))
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["3,750", "300", "1,875", "250", "500", "", "2,500"]
    assert "| many | CPU ÷ pass-through | ≤ 1 | 2.00 | **no** |" in text


def test_a_failure_is_shown() -> None:
    """In the place of its figures."""
    failed = Trial(peer="instructor", scene="short", round=0, failure="WrongAnswer: 9 items of 10, or others")
    assert "| Instructor: WrongAnswer: 9 items of 10, or others |" in tables(
        results(trial("streamsum", cost=10.0), failed)
    )


def test_the_picture_has_every_peer_in_every_scene() -> None:
    """Well-formed SVG with a bar each, longer for more; and a line each where the model keeps a pace."""
    root = ET.fromstring(plot(results()))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    bars = list(root.iter(f"{space}rect"))[1:]
    assert len(bars) == len(SCENES) * len(COSTS)
    widths = [float(each.attrib["width"]) for each in bars[: len(COSTS)]]
    assert sorted(widths, reverse=True) == [widths[3], widths[0], widths[1], widths[2]]
    assert len(list(root.iter(f"{space}polyline"))) == 2 * len(COSTS)


def test_the_chapter_says_how_it_was_measured() -> None:
    """The date, the machine, how quiet it was, who was left out, the versions."""
    text = chapter.chapter(results(), picture="peers.svg")
    for words in (
        "2026-11-22",
        "2 cores (Test)",
        "2 rounds",
        "Left out: vercel (there is none)",
        "| nginx | python 3.11 |",
    ):
        assert words in text


def test_the_chapter_has_its_place_in_the_page() -> None:
    """What stands there is replaced, the rest stays; a page without the place is refused."""
    page = f"before\n{chapter.BEGIN}\nold\n{chapter.END}\nafter\n"
    assert chapter.put_into(page, "new") == f"before\n{chapter.BEGIN}\nnew\n{chapter.END}\nafter\n"
    assert chapter.put_into((ROOT / "benchmarks" / "README.md").read_text(), "new")
    with pytest.raises(ValueError, match="no place"):
        chapter.put_into("before", "new")


def test_results_can_be_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the file alone; the exit code says whether all went well."""
    results().save(tmp_path / "before.json")
    assert main(["--results", str(tmp_path / "before.json"), "--out", str(tmp_path)]) == 0
    assert tables(results()) in capsys.readouterr().out
    assert (tmp_path / "results.svg").read_text() == plot(results())
    results(Trial(peer="nginx", scene="short", round=0, failure="no")).save(tmp_path / "before.json")
    assert main(["--results", str(tmp_path / "before.json"), "--out", str(tmp_path)]) == 1
