"""The README's table of settings, made from `Settings`: `make readme` writes it, and a test holds it to the code."""

import re
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from streamsum.settings import Settings

README = Path(__file__).parent.parent / "README.md"

_TABLE = re.compile(r"(?<=<!-- settings: make readme -->\n).*?(?=<!-- /settings -->)", re.DOTALL)


def table() -> str:
    """A row for each variable: its name, its default, what it says of itself."""
    rows = ["| variable | default | what it is |", "|---|---|---|", *_rows()]
    return "\n".join(rows) + "\n"


def put_into(readme: str) -> str:
    """`readme` with the table as it is now. Raises ValueError where there is no place for it."""
    if not _TABLE.search(readme):
        raise ValueError("the README has no place for the settings")
    return _TABLE.sub(lambda _: table(), readme)


def _rows() -> Iterator[str]:
    for each in fields(Settings):
        if variable := each.metadata.get("variable"):
            default = _shown(each)
            says = each.metadata["says"].replace("|", "&#124;")
            yield f"| `{variable}` | {f'`{default}`' if default else ''} | {says} |"


def _shown(setting: Field[Any]) -> str:
    """As one would write it in an environment, sizes for people; none: "" ."""
    value = setting.default
    match value:
        case None | ():
            return ""
        case bool():
            return str(int(value))
        case SecretStr():
            return value.get_secret_value()
        case int() if setting.name.endswith("_bytes"):
            return f"{value >> 20} MiB"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def main() -> None:
    """Write it."""
    README.write_text(put_into(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
