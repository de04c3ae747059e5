"""Where a client says that it has read up to."""

import pytest
from starlette.datastructures import Headers, QueryParams

from streamsum.errors import RequestRefused
from streamsum.web.cursors import Cursor, cursor_of, parse

ID = "abcdefghij-_0123456789"


@pytest.mark.parametrize("n", ["0", "1", "9", "10", "250", "9" * 73])
def test_a_cursor_is_an_id_and_a_number(n: str) -> None:
    """Up to 96 characters."""
    assert parse(f"{ID}:{n}") == Cursor(ID, int(n))


@pytest.mark.parametrize(
    "text",
    [
        "$",
        "-",
        "1",
        ":1",
        ID,
        f"{ID}:",
        f"{ID}:01",
        f"{ID}:-1",
        f"{ID}:+1",
        f"{ID}: 1",
        f"{ID}:1 ",
        f"{ID}:1\n",
        f"{ID}:1\r\nX: y",
        f"{ID}:1\0",
        f"{ID}:١",
        f"{ID[:-1]}:1",
        f"{ID}x:1",
        f"{ID[:-1]}é:1",
        f"{ID}:1-0",
        f"{ID}:" + "9" * 74,
        "9" * 100_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Malformed is 400, whatever it looks like."""
    with pytest.raises(RequestRefused) as refusal:
        parse(text)
    assert refusal.value.problem.code == "invalid_event_id"


def test_the_header_wins_over_the_query() -> None:
    """An EventSource sends the header when it reconnects to a URL that still says `after`."""
    found = cursor_of(Headers({"Last-Event-ID": f"{ID}:2"}), QueryParams(after=f"{ID}:1"))
    assert found == Cursor(ID, 2)


def test_without_the_header_the_query_counts() -> None:
    """For clients that cannot set headers."""
    assert cursor_of(Headers(), QueryParams(after=f"{ID}:1")) == Cursor(ID, 1)


@pytest.mark.parametrize("headers", [Headers(), Headers({"Last-Event-ID": ""})])
def test_an_empty_cursor_is_none(headers: Headers) -> None:
    """The format's way to say that no id was ever set."""
    assert cursor_of(headers, QueryParams()) is None
    assert cursor_of(headers, QueryParams("after=")) is None


def test_two_cursors_are_none_that_we_can_follow() -> None:
    """Nobody guesses which was meant."""
    twice = Headers(raw=[(b"last-event-id", f"{ID}:1".encode()), (b"last-event-id", f"{ID}:2".encode())])
    with pytest.raises(RequestRefused):
        cursor_of(twice, QueryParams())
    with pytest.raises(RequestRefused):
        cursor_of(Headers(), QueryParams(f"after={ID}:1&after={ID}:1"))
