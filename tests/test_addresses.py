"""Names and addresses in the settings."""

from pathlib import Path

import pytest

from streamsum.errors import SettingsError
from streamsum.settings import Settings
from tests.keys import ALICE, toml

CORS, HOSTS, PROXIES = "STREAMSUM_CORS_ORIGINS", "STREAMSUM_TRUSTED_HOSTS", "STREAMSUM_TRUSTED_PROXIES"


def test_several_have_commas_between_them() -> None:
    """And white space, if any, and any case."""
    settings = Settings.read(
        {
            CORS: "https://App.example, http://127.0.0.1:5173,http://[::1]:80",
            HOSTS: " summaries.example ,my_service,[::1], 10.0.0.1,",
            PROXIES: "10.0.0.0/8, 2001:DB8::/32, 127.0.0.1",
        }
    )
    assert settings.cors_origins == ("https://app.example", "http://127.0.0.1:5173", "http://[::1]:80")
    assert settings.trusted_hosts == ("summaries.example", "my_service", "[::1]", "10.0.0.1")
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::/32", "127.0.0.1")


def test_none_is_the_default() -> None:
    """No page, any name, no proxy."""
    settings = Settings.read({})
    assert settings.cors_origins == settings.trusted_hosts == settings.trusted_proxies == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(
            (CORS, value)
            for value in ("null", "app.example", "https://a.example/", "https://*.example", "file://a", "**")
        ),
        *((CORS, value) for value in ("https://a b.example", "https://user@a.example", "https://a.example:https")),
        *((HOSTS, value) for value in ("*", "a.example:80", "https://a.example", "a b", "a..b", "*.example")),
        *((PROXIES, value) for value in ("*", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1:80")),
    ],
)
def test_what_is_none_is_told(variable: str, value: str) -> None:
    """By the setting's name, with an example."""
    with pytest.raises(SettingsError, match=f"{variable} must be .* such as ") as caught:
        Settings.read({variable: value})
    assert value == "*" or f" {value} " not in f" {caught.value} "


def test_any_page_may_call_only_where_there_are_keys(tmp_path: Path) -> None:
    """Without keys it could spend."""
    with pytest.raises(SettingsError, match="STREAMSUM_CORS_ORIGINS"):
        Settings.read({CORS: "*"})
    (tmp_path / "keys.toml").write_text(toml("alice", ALICE))
    settings = Settings.read({CORS: "*", "STREAMSUM_KEYS_FILE": str(tmp_path / "keys.toml")})
    assert settings.cors_origins == ("*",)
