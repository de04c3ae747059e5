"""A request in a query string."""

import pytest

from streamsum.errors import RequestRefused
from streamsum.web.queries import MAX_QUERY_BYTES, fields_of

CANARY = "xyzzy-canary"


def test_names_are_the_bodys_and_values_become_what_json_would_have() -> None:
    """Numbers and booleans are converted; everything else is text."""
    query = b"text=Gr%C3%BC%C3%9Fe+an+5&max_bullets=3&max_bullet_chars=-1&preview=true&stream=false&focus=7&language=en"
    assert fields_of(query, text_name="text") == {
        "text": "Grüße an 5",
        "max_bullets": 3,
        "max_bullet_chars": -1,
        "preview": True,
        "stream": False,
        "focus": "7",
        "language": "en",
    }


def test_the_short_form_says_q_for_text() -> None:
    """`q` is `text`; `text` itself is then a field that nobody knows."""
    assert fields_of(b"q=hello", text_name="q") == {"text": "hello"}
    assert fields_of(b"text=hello", text_name="q") == {"": "hello"}


def test_a_cursor_is_no_field() -> None:
    """It was looked at before."""
    assert fields_of(b"text=hello&after=", text_name="text") == {"text": "hello"}


@pytest.mark.parametrize("value", ["", "five", "1.0", "0x5", "１", "9" * 5000, "true"])
def test_what_is_no_number_stays_text(value: str) -> None:
    """For the validation to refuse, which knows the field's words."""
    assert fields_of(f"max_bullets={value}".encode("ascii", "xmlcharrefreplace"), text_name="text") != {}
    found = fields_of(b"max_bullets=" + value.encode("ascii", "replace"), text_name="text")
    assert isinstance(found["max_bullets"], str)


@pytest.mark.parametrize("value", ["1", "yes", "True", ""])
def test_what_is_no_boolean_stays_text(value: str) -> None:
    """Only the words of JSON count."""
    assert fields_of(f"stream={value}".encode(), text_name="text") == {"stream": value}


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        (f"text={CANARY}&text=b", ("text",)),
        ("max_bullets=1&max_bullets=1", ("max_bullets",)),
        (f"{CANARY}=1&{CANARY}=2", ()),
        (f"text={CANARY}%ff", ()),
        (f"text={CANARY}é", ()),
        ("&".join(f"{CANARY}{n}=1" for n in range(40)), ()),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(query: str, loc: tuple[str, ...]) -> None:
    """A repeated name, bytes that are no UTF-8, a flood of fields: 422, with nothing of it said again."""
    with pytest.raises(RequestRefused) as refusal:
        fields_of(query.encode(), text_name="text")
    problem = refusal.value.problem
    assert problem.code == "invalid_request"
    assert problem.errors is not None
    assert problem.errors[0].loc == loc
    assert CANARY not in problem.model_dump_json()


def test_a_query_may_have_8_kib() -> None:
    """A byte more is 414."""
    fits = b"text=" + b"a" * (MAX_QUERY_BYTES - 5)
    assert fields_of(fits, text_name="text")["text"] == "a" * (MAX_QUERY_BYTES - 5)
    with pytest.raises(RequestRefused) as refusal:
        fields_of(fits + b"a", text_name="text")
    assert refusal.value.problem.status == 414
