"""Who is compared: what each is, how its own documentation would do the job, and in what form its items arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.peers.deliveries import Form
from benchmarks.peers.environments import SERVICES, Environment, OwnPython

# A floor only forwards bytes: what a service costs that does nothing. Its items are the same bytes, unvalidated.
Kind = Literal["ours", "library", "floor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One service. `key`: what it calls the array in the document. `extra` goes into the body of each request."""

    name: str
    title: str
    kind: Kind
    form: Form
    environment: Environment
    path: str = "/summaries"
    key: str = "bullets"
    extra: Mapping[str, Any] = field(default_factory=dict)


OURS = Peer(
    name="streamsum",
    title="streamsum",
    kind="ours",
    form="events",
    environment=OwnPython(
        ["-m", "streamsum", "serve"], ["streamsum", "starlette", "uvicorn", "aiohttp", "openai"], port_option=True
    ),
    path="/v1/summaries",
    extra={"evidence": "off"},
)
PASSTHROUGH = Peer(
    name="passthrough",
    title="pass-through (Starlette, aiohttp)",
    kind="floor",
    form="forwarded",
    environment=OwnPython([str(SERVICES / "passthrough" / "service.py")], ["starlette", "uvicorn", "aiohttp"]),
)
PEERS = (OURS, PASSTHROUGH)
