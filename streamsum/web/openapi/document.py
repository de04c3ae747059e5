"""The document as a whole, and as bytes; `openapi.json` at the root of the project is the same."""

import json
from functools import cache
from typing import Any

from streamsum import __version__
from streamsum.web.openapi.answers import everywhere, headers
from streamsum.web.openapi.operations import paths
from streamsum.web.openapi.schemas import schemas

_ABOUT = """\
Summaries that arrive one validated bullet at a time, while the model is still writing.

Events are server-sent events. The last one is exactly one of `summary.completed` and `summary.failed`; a stream that
ends without one was cut: come back with the id of the last event that you read, and it goes on from there.

Errors are problems (RFC 9457), told apart by `code`. A method that a path does not have is answered with 405 by each of
them: `method_not_allowed`, and `Allow` says which it has.
"""


def document() -> dict[str, Any]:
    """OpenAPI 3.2."""
    return {
        "openapi": "3.2.0",
        "info": {
            "title": "streamsum",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "./", "description": "Where this document is."}],
        # Without keys in its settings a server asks for none, and answers only on loopback.
        "security": [{"key": []}, {}],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "headers": headers(),
            "responses": everywhere(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key, as `streamsum key` prints it."},
                "ticket": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "For one summary's events; part of `events_url`.",
                },
            },
        },
    }


@cache
def encoded() -> bytes:
    """As it is served, and as it is committed."""
    return (json.dumps(document(), indent=1, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    import sys

    sys.stdout.buffer.write(encoded())
