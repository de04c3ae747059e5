"""The file of secrets that all replicas share: one a line, the newest first, so that they can be changed one by one."""

from pathlib import Path

from pydantic import SecretStr

from streamsum.errors import SettingsError

VARIABLE = "STREAMSUM_SECRET_FILE"

# 128 random bits in base 16, the longest of the usual forms: what is shorter was made up by somebody.
LEAST_CHARS = 32
# Each is tried for what an older one made: some changes, not a history.
MOST_SECRETS = 10


def read_secrets(path: str) -> tuple[SecretStr, ...]:
    """The secrets in this file; blank lines do not count. Raises SettingsError."""
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        raise SettingsError(f"{VARIABLE} must be the path of a readable file of UTF-8") from None
    secrets = [line for line in lines if line]
    if not 0 < len(secrets) <= MOST_SECRETS or min(map(len, secrets)) < LEAST_CHARS:
        raise SettingsError(
            f"{VARIABLE} must hold 1 to {MOST_SECRETS} lines of {LEAST_CHARS} characters or more: openssl rand -hex 32"
        )
    return tuple(map(SecretStr, secrets))
