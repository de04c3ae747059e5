"""settings.py: each variable at its edges."""

import pytest

from streamsum.errors import SettingsError
from streamsum.settings import Settings

TIMES = ("STREAMSUM_KEEP_S", "STREAMSUM_GRACE_S", "STREAMSUM_DRAIN_S")


@pytest.mark.parametrize("variable", TIMES)
@pytest.mark.parametrize("none", ["0", "0.0", " 0 ", "00"])
def test_no_time_at_all_is_a_time(variable: str, none: str) -> None:
    """However it is written."""
    settings = Settings.read({variable: none})
    assert {settings.keep_s, settings.grace_s, settings.drain_s} >= {0.0}


@pytest.mark.parametrize("variable", TIMES)
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "soon", "1 s"])
def test_what_may_be_nothing_is_told_so(variable: str, value: str) -> None:
    """Who gives something else learns that 0 will do."""
    with pytest.raises(SettingsError, match=rf"^{variable} must be a number, 0 or more$"):
        Settings.read({variable: value})


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e999"])
def test_what_takes_time_takes_some(value: str) -> None:
    """A model that may not be waited for is not asked."""
    with pytest.raises(SettingsError, match=r"^STREAMSUM_STALL_S must be a number above 0$"):
        Settings.read({"STREAMSUM_STALL_S": value})


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1e6", "64 MiB", "\u0661", "9" * 16, "9" * 5000])
def test_a_size_is_a_whole_number(value: str) -> None:
    """In our words, also where Python would have its own."""
    with pytest.raises(
        SettingsError, match=r"^STREAMSUM_MAX_BODY_BYTES must be a whole number, 1 or more, of 15 digits"
    ):
        Settings.read({"STREAMSUM_MAX_BODY_BYTES": value})


@pytest.mark.parametrize("value", ["9090", ":9090", "h:", "h:x", "h:65536", "h:" + "9" * 5000])
def test_an_address_has_a_host_and_a_port(value: str) -> None:
    """And nothing of it is repeated."""
    with pytest.raises(SettingsError, match=r"^STREAMSUM_METRICS_ADDR must be host:port, as in 127\.0\.0\.1:9090$"):
        Settings.read({"STREAMSUM_METRICS_ADDR": value})


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_is_none(blank: str) -> None:
    """Of every variable: an empty line in a ConfigMap sets nothing."""
    variables = [each.metadata["variable"] for each in Settings.__dataclass_fields__.values() if each.metadata]
    assert Settings.read(dict.fromkeys(variables, blank)) == Settings()
