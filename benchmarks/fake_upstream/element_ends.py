"""Where in a document each element of its array closes: from that character on its bullet can be known."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from benchmarks.fake_upstream.script import Content, Step

_BETWEEN = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


def document(script: Sequence[Step]) -> str:
    """What the script's own content steps say, joined; what is said forever is no document."""
    return "".join(step.text for step in script if isinstance(step, Content))


@lru_cache(maxsize=64)
def element_ends(text: str) -> tuple[int, ...]:
    """For each element of the first array, how many characters have been said when it closes; up to a broken one."""
    ends: list[int] = []
    at = text.find("[") + 1
    while at:
        between = _BETWEEN.match(text, at)
        assert between is not None, "it matches nothing, too"
        try:
            _, at = _decode(text, between.end())
        except (ValueError, RecursionError):  # the array's end, or nothing that is JSON
            break
        ends.append(at)
    return tuple(ends)
