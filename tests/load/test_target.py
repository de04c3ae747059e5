"""Where the load may go."""

import pytest

from benchmarks.load.target import NotOurMachine, Target


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:8080/root", "https://127.8.9.10"]
)
def test_this_machine_may_be_driven(url: str) -> None:
    """By a loopback address, or the name that means nothing else."""
    assert str(Target.read(url).summaries) == url.rstrip("/") + "/v1/summaries"


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:8080",
        "http://10.0.0.1",
        "http://example.org",
        "http://localhost.example.org",
        "http://0.0.0.0",
    ],
)
def test_another_machine_is_refused_unless_it_is_allowed(url: str) -> None:
    """Names are not looked up: what they mean can change in between."""
    with pytest.raises(NotOurMachine, match="--allow-remote"):
        Target.read(url)
    assert Target.read(url, allow_remote=True).url.host


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://localhost", "http://", "http://localhost?x=1", "/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Also where remote ones are allowed."""
    with pytest.raises(ValueError, match="--url: an address such as"):
        Target.read(url, allow_remote=True)


def test_a_key_goes_into_a_header_and_nowhere_else() -> None:
    """Not into the address, where proxies and logs see it; not into a `repr`."""
    target = Target.read("http://localhost", key="sk-canary")
    assert target.headers["Authorization"] == "Bearer sk-canary"
    assert "canary" not in repr(target)
    assert "Authorization" not in Target.read("http://localhost").headers
    with pytest.raises(ValueError, match="--key") as refused:
        Target.read("http://user:canary@localhost")
    assert "canary" not in str(refused.value)
