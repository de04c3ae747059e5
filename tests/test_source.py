"""core/source.py: the text to be summarised, as it is kept."""

import sys

import pytest

from streamsum.core.source import Source


@pytest.mark.parametrize("text", ["", "plain", "Zoë said \U0001f600 and 你好\r\n\u2028"])
def test_what_goes_in_comes_out(text: str) -> None:
    """To the last character."""
    assert Source(text).text == text


def test_one_emoji_does_not_make_it_four_times_as_large() -> None:
    """As it would a str."""
    text = "\U0001f600" + "a" * 100_000
    assert sys.getsizeof(text) > 400_000
    source = Source(text)
    assert sum(sys.getsizeof(getattr(source, name)) for name in source.__slots__) < 101_000
