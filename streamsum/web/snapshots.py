"""A summary as one JSON object: what its events say together."""

from collections.abc import Sequence
from typing import Any

import jiter

from streamsum.runs.log import Entry


def snapshot(id: str, entries: Sequence[Entry]) -> dict[str, Any]:
    """`{"id", "status", "bullets", "rejected", "ledger", "problem"}`; the last two are None until they are known."""
    summary: dict[str, Any] = {
        "id": id,
        "status": "running",
        "bullets": [],
        "rejected": [],
        "ledger": None,
        "problem": None,
    }
    for entry in entries:
        data = jiter.from_json(entry.data)
        data.pop("type")
        match entry.event:
            case "bullet":
                summary["bullets"].append(data)
            case "bullet.rejected":
                summary["rejected"].append(data)
            case "summary.completed":
                summary |= {"status": "completed", "ledger": data}
            case "summary.failed":
                summary |= {"status": "failed", **data}
            case _:  # `summary.created` says nothing that is not said here
                pass
    return summary
