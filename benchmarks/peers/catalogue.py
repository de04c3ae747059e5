"""Who is compared: what each is, where it runs, and in what form its items arrive.

How each does the job stands at the top of its `services/NAME/service.*`, with the page of its own documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.peers.deliveries import Form
from benchmarks.peers.environments import SERVICES, Environment, Nginx, Node, OwnPython, Python
from benchmarks.peers.scenes import Scene

# A floor only forwards bytes: what a service costs that does nothing. Its items are the same bytes, unvalidated.
Kind = Literal["ours", "library", "floor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One service. `key`: what it calls the array in the document. `extra` goes into the body of each request.

    `only`: the scenes that it takes part in, if not in all.
    """

    name: str
    title: str
    kind: Kind
    form: Form
    environment: Environment
    path: str = "/summaries"
    key: str = "bullets"
    extra: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def plays(self, scene: Scene) -> bool:
        """Whether it takes part in the scene."""
        return not self.only or scene.name in self.only


_OURS = OwnPython(
    ["-m", "streamsum", "serve"],
    ["streamsum", "starlette", "uvicorn", "h11", "uvloop", "aiohttp", "openai", "pydantic"],
    takes_port=True,
)

PEERS = (
    Peer(
        name="streamsum",
        title="streamsum",
        kind="ours",
        form="events",
        environment=_OURS,
        path="/v1/summaries",
        extra={"evidence": "off"},
    ),
    # No peer does this: it is here for what it adds to ours.
    Peer(
        name="streamsum-evidence",
        title="streamsum with evidence",
        kind="ours",
        form="events",
        environment=_OURS,
        path="/v1/summaries",
        extra={"evidence": "attach"},
        only=("short",),
    ),
    # With the same uvicorn as ours, in the same environment: what is measured against it is what ours does, not what
    # its HTTP server costs.
    Peer(
        name="passthrough",
        title="pass-through",
        kind="floor",
        form="forwarded",
        environment=OwnPython(
            [str(SERVICES / "passthrough" / "service.py")], ["starlette", "uvicorn", "h11", "uvloop", "aiohttp"]
        ),
    ),
    Peer(
        name="passthrough-httptools",
        title="pass-through, httptools",
        kind="floor",
        form="forwarded",
        environment=Python("passthrough", ["starlette", "uvicorn", "uvloop", "httptools", "aiohttp"]),
    ),
    Peer(name="nginx", title="nginx", kind="floor", form="forwarded", environment=Nginx()),
    Peer(
        name="vercel",
        title="Vercel AI SDK",
        kind="library",
        form="events",
        environment=Node("vercel", ["ai", "@ai-sdk/openai", "zod"]),
        key="elements",
    ),
    Peer(
        name="instructor",
        title="Instructor",
        kind="library",
        form="events",
        environment=Python("instructor", ["instructor", "openai", "pydantic", "fastapi", "uvicorn", "uvloop"]),
    ),
    Peer(
        name="openai-stream",
        title="OpenAI SDK .stream()",
        kind="library",
        form="events",
        environment=Python("openai_stream", ["openai", "pydantic", "fastapi", "uvicorn", "uvloop"]),
    ),
    Peer(
        name="pydantic-ai",
        title="PydanticAI",
        kind="library",
        form="events",
        environment=Python("pydantic_ai", ["pydantic-ai-slim", "openai", "pydantic", "fastapi", "uvicorn", "uvloop"]),
    ),
    Peer(
        name="original",
        title="original example",
        kind="library",
        form="deltas",
        environment=Python("original", ["openai", "pydantic", "fastapi", "uvicorn", "uvloop"]),
    ),
)
