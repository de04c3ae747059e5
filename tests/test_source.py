"""core/source.py: the text to be summarised, as it is kept."""

import sys

import pytest

from streamsum.core.source import Source
from tests.labelled import FOLDER


def size_of(source: Source) -> int:
    return sum(sys.getsizeof(getattr(source, name)) for name in source.__slots__)


@pytest.mark.parametrize("times", [1, 1_000, 50_000])
@pytest.mark.parametrize("text", ["", "plain", "Zoë said \U0001f600 and 你好\r\n\u2028"])
@pytest.mark.parametrize("seldom", [False, True])
def test_what_goes_in_comes_out(text: str, times: int, seldom: bool) -> None:
    """To the last character."""
    assert Source(text * times, seldom=seldom).text == text * times


def test_one_emoji_does_not_make_it_four_times_as_large() -> None:
    """As it would a str."""
    text = "\U0001f600" + "a" * 100_000
    assert sys.getsizeof(text) > 400_000
    assert size_of(Source(text)) < 101_000


def test_what_is_seldom_read_takes_half() -> None:
    """Of the room that prose takes else."""
    text = "".join(piece.read_text() for piece in sorted((FOLDER / "tuning").glob("*.toml")))[:20_000]
    assert size_of(Source(text, seldom=True)) < 0.6 * size_of(Source(text))


def test_a_huge_one_holds_nobody_up() -> None:
    """To pack 3 MB would take 50 ms."""
    text = "word " * 600_000
    assert size_of(Source(text, seldom=True)) == size_of(Source(text))
