"""core/folding.py: a form in which spellings are alike, character for character."""

import pytest

from streamsum.core.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("The Keeper's light", "the keeper s light"),
        ("Puskás – “élan”", "puskas    elan "),
        ("Ｆｕｌｌ　width", "full width"),
        ("3.5 %", "3 5  "),
        ("İzmir", "izmir"),
        ("東京、大阪", "東京 大阪"),
        ("ﬁne", "ﬁne"),
        ("😀 ok", "  ok"),
    ],
)
def test_spellings_become_alike(text: str, folded: str) -> None:
    """Small letters, no accents on Latin ones, a space for every mark; what is two letters stays."""
    assert fold(text) == folded
    assert len(folded) == len(text)


def test_many_kinds_of_characters_cost_one_pass() -> None:
    """As few do, one by one."""
    accented = "".join(chr(code) for code in range(0xC0, 0x180)) * 2
    assert len(fold(accented)) == len(accented)
    assert fold("é" + accented)[0] == "e"
