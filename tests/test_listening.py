"""Where the service may listen."""

import socket
from typing import Any

import pytest

from streamsum.errors import SettingsError
from streamsum.keys_file import Key
from streamsum.listening import PortTaken, bind
from streamsum.settings import Settings, UpstreamSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback_is_open_to_all_settings(host: str) -> None:
    """By address or by name; port 0 takes a free one."""
    with bind(host, 0, Settings()) as listener:
        address, port = listener.getsockname()[:2]
        with socket.create_connection((address, port)):
            pass


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(), "set STREAMSUM_KEYS_FILE .* or set STREAMSUM_NO_KEYS=1"),
        (Settings(no_keys=True), "OPENAI_API_KEY"),
        (Settings(keys=(Key(name="alice"),)), "OPENAI_API_KEY"),
    ],
)
def test_elsewhere_somebody_must_answer_for_it(settings: Settings, says: str) -> None:
    """Keys or STREAMSUM_NO_KEYS=1, and a model that was named."""
    with pytest.raises(SettingsError, match=says):
        bind("0.0.0.0", 0, settings)  # noqa: S104 - to be refused


LOCAL = UpstreamSettings(name="a", model="m", base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize("named", [{"upstream": "embedded"}, {"upstreams": (LOCAL,)}])
@pytest.mark.parametrize("answered_for", [{"no_keys": True}, {"keys": (Key(name="alice"),)}])
def test_elsewhere_with_keys_or_by_the_operators_will(named: dict[str, Any], answered_for: dict[str, Any]) -> None:
    """Then any address."""
    with bind("0.0.0.0", 0, Settings(**answered_for, **named)) as listener:  # noqa: S104 - the case at hand
        assert listener.getsockname()[0] == "0.0.0.0"  # noqa: S104 - the case at hand


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 100])
def test_a_name_that_nobody_knows_is_the_operators_mistake(host: str) -> None:
    """It is not repeated."""
    with pytest.raises(SettingsError, match="--host is no address of this machine"):
        bind(host, 0, Settings())


def test_a_port_that_is_taken_is_told_with_the_systems_reason() -> None:
    """Also while its owner has not yet accepted anybody."""
    with bind("127.0.0.1", 0, Settings()) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=f"cannot listen on port {port}: Address already in use"):
            bind("127.0.0.1", port, Settings())
