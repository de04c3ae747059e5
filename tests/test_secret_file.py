"""secret_file.py: the secrets that all replicas share."""

from pathlib import Path

import pytest

from streamsum.errors import SettingsError
from streamsum.secret_file import LEAST_CHARS, MOST_SECRETS, read_secrets
from streamsum.settings import Settings

LONG = "s" * LEAST_CHARS


def test_one_a_line_in_order(tmp_path: Path) -> None:
    """Blank lines and spaces at the ends do not count, and they do not show."""
    file = tmp_path / "secrets"
    file.write_text(f"\n {LONG}1 \n\n{LONG}2\n")
    settings = Settings.read({"STREAMSUM_SECRET_FILE": str(file)})
    assert [each.get_secret_value() for each in settings.secrets] == [f"{LONG}1", f"{LONG}2"]
    assert LONG not in repr(settings)


@pytest.mark.parametrize("content", ["", "\n\n", LONG[1:], f"{LONG}\nshort", f"{LONG}\n" * (MOST_SECRETS + 1), "\xff"])
def test_what_cannot_be_a_secret_is_refused(tmp_path: Path, content: str) -> None:
    """Without a word of it."""
    file = tmp_path / "secrets"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match="STREAMSUM_SECRET_FILE") as caught:
        read_secrets(str(file))
    assert "short" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By the variable's name."""
    with pytest.raises(SettingsError, match="STREAMSUM_SECRET_FILE must be the path"):
        read_secrets(str(tmp_path / "none"))
