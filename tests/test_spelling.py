"""core/spelling.py: one spelling for all, and the way back."""

import pytest

from streamsum.core.spelling import Spelling


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It  was\n\tLIT.", "it was lit."),
        ("“So” – it’s said…", '"so" - it\'s said...'),
        ("cafe\u0301", "café"),
        ("caf\u00e9", "café"),
        ("soft\u00adhy\u200bphen", "softhyphen"),
        ("ﬁne Ｆ", "fine f"),
        ("Straße", "strasse"),
        ("\u0301x", "x"),
        ("x\u0323\u0301", "x"),
        (" \n a", " a"),
    ],
)
def test_spellings_are_one(text: str, plain: str) -> None:
    """White space, marks, case, Unicode forms; a mark that no letter carries is dropped."""
    assert Spelling(text).text == plain


@pytest.mark.parametrize(
    ("text", "plain", "there"),
    [
        ("It  was\n LIT.", "was lit", "was\n LIT"),
        ("one cafe\u0301.", "café", "cafe\u0301"),
        ("a ﬁne day", "fine", "ﬁne"),
        ("the end", "the end", "the end"),
    ],
)
def test_a_stretch_leads_back_to_the_text(text: str, plain: str, there: str) -> None:
    """With all marks on its last character."""
    spelling = Spelling(text)
    at = spelling.text.index(plain)
    start, end = spelling.span(at, at + len(plain))
    assert text[start:end] == there
