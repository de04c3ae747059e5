"""A file of TOML that holds one array of tables, each of one form.

What is wrong in it is told by the table's number and the field's name, never by a value: it may be a secret in the
wrong place.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from streamsum.errors import SettingsError

# A field that nobody declared may be shown when it looks like one.
_SHOWABLE = re.compile(r"[a-z_]{1,32}")

Entry = TypeVar("Entry", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tables:
    """Such a file: `variable` is the setting that leads to it, `name` the array's, `noun` what one of it is."""

    variable: str
    name: str
    noun: str

    def parse(self, data: bytes) -> Iterator[tuple[str, object]]:
        """Each table, and how it is called when something is wrong in it. Raises SettingsError."""
        try:
            document = tomllib.loads(data.decode())
        except (ValueError, RecursionError):  # not UTF-8, not TOML: the parser's words hold a piece of the text
            raise self.unreadable() from None
        tables = document.get(self.name)
        if len(document) != 1 or not isinstance(tables, list) or not tables:
            raise SettingsError(f"{self.variable} must hold [[{self.name}]], one or more, and nothing else")
        return ((f"{self.variable}: {self.noun} {n}", table) for n, table in enumerate(tables, 1))

    def unreadable(self) -> SettingsError:
        """There is no such file, or it is none."""
        return SettingsError(f"{self.variable} must be the path of a readable file of TOML")


def validate(
    table: object, form: type[Entry], *, where: str, declared: Collection[str], otherwise: str = "does not fit"
) -> Entry:
    """The table as an entry of this form, whose fields' descriptions say what they must be. Raises SettingsError.

    `declared`: the fields that a file may have; `otherwise`: what is wrong if it is not any one field.
    """
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: must be a table")
    for name in table.keys() - declared:
        shown = name if _SHOWABLE.fullmatch(name) else "a key"
        raise SettingsError(f"{where}: {shown} is not known here; known are {', '.join(declared)}")
    try:
        return form.model_validate(table)
    except ValidationError as error:
        told = _first(error, form, otherwise)
    raise SettingsError(f"{where}: {told}")


def _first(error: ValidationError, form: type[BaseModel], otherwise: str) -> str:
    """The first thing that is wrong, in words of ours."""
    match error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"]:
        case (str() as name, *_):
            return f"{name} must be {form.model_fields[name].description}"
        case _:
            return otherwise
