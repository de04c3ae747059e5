"""A fake OpenAI-compatible model server over real HTTP/1.1: it plays scripts, keeps time and records every call.

Nothing here imports `streamsum`: it is the network, faked, and never one of our own functions.
"""

from benchmarks.fake_upstream.calls import Call, Ending
from benchmarks.fake_upstream.delivery import Delivery
from benchmarks.fake_upstream.journal import Journal
from benchmarks.fake_upstream.script import (
    DEFAULT_USAGE,
    Chunk,
    Close,
    Comment,
    Content,
    Done,
    Finish,
    Forever,
    Gate,
    Head,
    NoAnswer,
    Pause,
    Raw,
    Reasoning,
    Refusal,
    Reset,
    Role,
    Script,
    Stall,
    Status,
    Step,
    Usage,
    answer,
    bullets,
    comments_forever,
    endless,
)
from benchmarks.fake_upstream.script_text import ScriptError, parse
from benchmarks.fake_upstream.server import Chooser, FakeUpstream

__all__ = [
    "DEFAULT_USAGE",
    "Call",
    "Chooser",
    "Chunk",
    "Close",
    "Comment",
    "Content",
    "Delivery",
    "Done",
    "Ending",
    "FakeUpstream",
    "Finish",
    "Forever",
    "Gate",
    "Head",
    "Journal",
    "NoAnswer",
    "Pause",
    "Raw",
    "Reasoning",
    "Refusal",
    "Reset",
    "Role",
    "Script",
    "ScriptError",
    "Stall",
    "Status",
    "Step",
    "Usage",
    "answer",
    "bullets",
    "comments_forever",
    "endless",
    "parse",
]
