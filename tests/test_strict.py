"""core/strict.py: JSON as RFC 8259 has it, and nothing that two readers could understand differently."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsum.core import strict


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**18), 10**18)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=64), inner, max_size=3),
    )
)
def test_what_json_writes_is_read(value: Any) -> None:
    """Any value comes back as it was."""
    assert strict.parse(json.dumps(value)) == value
    assert strict.parse(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "[", '"', "{'a': 1}", "[1,]", "01", "+1", ".5", "1.", "nul", "truee", "1 2", "[1}", "//", "\ufeff1"],
        *["NaN", "Infinity", "-Infinity", '{"a":1,"a":1}', "1e999", '"\t"', '"\\x"', '"\\u12"', "[" * 100_000],
        *["[1" + "0" * 32 + "]", "-" + "1" * 32, '{"' + "k" * 65 + '":1}'],
        *[r'{"a":"\ud800","b":}', r'["\udc00" "x"]', r'{"\ud800":1,"\ud800":1}', r'["\ud800", NaN]'],
    ],
)
def test_what_is_not_strict_is_refused(text: str) -> None:
    """And the refusal says nothing of the text."""
    with pytest.raises(strict.NotStrict) as refusal:
        strict.parse(text)
    assert str(refusal.value) == ""


@pytest.mark.parametrize("text", [r'"\ud800"', r'["\udc00\ud800"]', '"\ud800"', r'{"a": ["\uDEAD", 1.5]}'])
def test_half_a_character_is_told_apart(text: str) -> None:
    """The grammar has it, UTF-8 does not."""
    with pytest.raises(strict.LoneSurrogate):
        strict.parse(text)


def test_digits_in_a_string_are_no_number() -> None:
    """Only numbers are measured."""
    text = '["' + "1" * 40 + '", "\\"' + "2" * 40 + '"]'
    assert strict.parse(text) == json.loads(text)
