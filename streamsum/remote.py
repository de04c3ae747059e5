"""A running server, for the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from streamsum.client import (
    AsyncClient,
    AsyncEvents,
    Forbidden,
    NotStreamsum,
    Persistence,
    Unauthenticated,
    Unreachable,
)
from streamsum.client.asking import is_url
from streamsum.client.errors import ClientError
from streamsum.errors import SettingsError

# A person at a terminal wants to know at once that nobody is there; what has begun is worth more patience.
_PERSISTENCE = Persistence(starts=2)


@asynccontextmanager
async def summarize_there(
    url: str, text: str, *, key: str | None, options: dict[str, Any]
) -> AsyncIterator[AsyncEvents]:
    """The events of a summary that the server at `url` makes. Raises ClientError, SettingsError."""
    if not is_url(url):
        raise SettingsError("--url (STREAMSUM_URL) must be the URL of a server: nobody can have this name or address")
    try:
        client = AsyncClient(url, key=key, persistence=_PERSISTENCE)
    except ValueError:
        raise SettingsError("STREAMSUM_KEY must be a key as `streamsum key` prints it") from None
    async with client, client.summarize(text, **options) as events:
        yield events


def hint(error: ClientError, url: str) -> str:
    """What may help a person; or nothing."""
    match error:
        case Unreachable():
            return f"Does `streamsum serve` run at {url}?"
        case NotStreamsum():
            return f"Is {url} the URL of a streamsum?"
        case Unauthenticated():
            return "Put a key into STREAMSUM_KEY."
        case Forbidden():
            return "A server without keys answers only on its own machine, by the name localhost or 127.0.0.1."
        case _:
            return ""
