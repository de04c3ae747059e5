"""What a client says that it takes."""

import pytest

from streamsum.errors import RequestRefused
from streamsum.web.accept import refuse_unacceptable


@pytest.mark.parametrize(
    "accept",
    [
        [],
        [""],
        ["*/*"],
        ["text/event-stream"],
        ["application/json"],
        ["TEXT/Event-Stream; charset=utf-8"],
        ["text/*"],
        ["application/*;q=0.1"],
        ["text/html", "application/json"],
        ["text/html,application/xhtml+xml,*/*;q=0.8"],
        ["image/avif,image/webp,*/*;q=0.001"],
        ["text/event-stream;q=0, */*"],
        ["application/json;q=high"],
        ["application/json; q=1.0"],
        [",,application/json,"],
    ],
)
def test_what_admits_a_stream_or_json_is_served(accept: list[str]) -> None:
    """Either is enough; the more specific range decides."""
    refuse_unacceptable(accept)


@pytest.mark.parametrize(
    "accept",
    [
        ["text/html"],
        ["image/*"],
        ["application/json;q=0"],
        ["*/*;q=0.0"],
        ["application/json;q=0, text/event-stream;q=0.000, */*"],
        ["json"],
    ],
)
def test_what_admits_neither_is_refused(accept: list[str]) -> None:
    """406, before anything is spent."""
    with pytest.raises(RequestRefused) as refusal:
        refuse_unacceptable(accept)
    assert refusal.value.problem.code == "not_acceptable"
