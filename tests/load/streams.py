"""Event streams as a streamsum sends them, right or wrong in one place."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

ID = "A" * 22


def frame(n: int | None, name: str, **data: Any) -> bytes:
    id = "" if n is None else f"id: {ID}:{n}\n"
    return f"{id}event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def created() -> bytes:
    return b"retry: 2000\n" + frame(1, "summary.created", id=ID)


def bullet(n: int, index: int, text: str = "A fact.") -> bytes:
    return frame(n, "bullet", index=index, text=text)


def ledger(texts: Sequence[str], **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()
    return {"finish": "complete", "bullets": len(texts), "digest": digest, **more}


def whole(*texts: str) -> list[bytes]:
    """The frames of a summary that completed with these bullets."""
    bullets = [bullet(at + 2, at, text) for at, text in enumerate(texts)]
    return [created(), *bullets, frame(len(texts) + 2, "summary.completed", **ledger(texts))]
