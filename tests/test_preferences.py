"""web/preferences.py: Prefer, and Idempotency-Key."""

import pytest
from starlette.datastructures import Headers

from streamsum.core.models import SummaryRequest
from streamsum.errors import RequestRefused
from streamsum.web.preferences import idempotency_of, wants_async

REQUEST = SummaryRequest(text="x")


def headers(name: str, *values: str) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for value in values])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((), False),
        (("respond-async",), True),
        (("Respond-Async; foo=1",), True),
        (("wait=10, respond-async",), True),
        (("wait=10", "respond-async"), True),
        (("return=minimal", "respond-asynchronously"), False),
    ],
)
def test_a_preference_is_one_of_a_list(values: tuple[str, ...], wanted: bool) -> None:
    """RFC 7240, section 2: names in any case, with parameters, over any number of fields."""
    assert wants_async(headers("prefer", *values)) is wanted


def test_without_a_key_there_is_none() -> None:
    """Each request begins anew."""
    assert idempotency_of(Headers(), REQUEST) is None


@pytest.mark.parametrize("key", ["1", "a-B_7:/~!", "k" * 255])
def test_the_same_request_has_the_same_fingerprint(key: str) -> None:
    """Whether it streams or not; any other difference makes another request."""
    first = idempotency_of(headers("idempotency-key", key), REQUEST)
    same = idempotency_of(headers("idempotency-key", key), REQUEST.model_copy(update={"stream": False}))
    other = idempotency_of(headers("idempotency-key", key), REQUEST.model_copy(update={"max_bullets": 6}))
    assert first
    assert other
    assert first == same
    assert (first.name, other.name) == (key, key)
    assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize("keys", [("",), ("k" * 256,), ("a b",), ("é",), ("a\t",), ("a", "a")])
def test_what_is_no_key_is_refused(keys: tuple[str, ...]) -> None:
    """Empty, too long, not visible ASCII, given twice."""
    with pytest.raises(RequestRefused) as caught:
        idempotency_of(headers("idempotency-key", *keys), REQUEST)
    assert caught.value.problem.status == 422
