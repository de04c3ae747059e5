"""`STREAMSUM_ITEM_MODEL`: a user's own item model, found by its name."""

import importlib

from pydantic import BaseModel

from streamsum.core.models import Item
from streamsum.errors import SettingsError


def load(name: str | None) -> type[BaseModel]:
    """The model `package.module:Name`; without a name our own. Raises SettingsError."""
    if name is None:
        return Item
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # noqa: BLE001 - somebody else's module runs here; its words may be anybody's
        raise SettingsError(
            "STREAMSUM_ITEM_MODEL must be package.module:Name, and importable from here, with PYTHONPATH=. from this "
            f"folder; to find it ended with {type(error).__name__}"
        ) from None
    return checked(found)


def checked(found: object) -> type[BaseModel]:
    """`found` if it can be an item model: a Pydantic model with a field `text`. Raises SettingsError."""
    if not isinstance(found, type) or not issubclass(found, BaseModel) or "text" not in found.model_fields:
        raise SettingsError("an item model is a class of Pydantic's BaseModel with a field `text: str`")
    return found
