"""When each element of each answer closed, as lines of JSON in a file: for who reads the answers in another process.

The times are of CLOCK_MONOTONIC, which is one clock for all processes of a machine. A caller that wants to find its own
call again says `load-test-` and 16 hexadecimal digits anywhere in its request.
"""

from __future__ import annotations

import json
import re
from typing import TextIO

from benchmarks.fake_upstream.calls import Call

_TAG = re.compile(rb"load-test-([0-9a-f]{16})")


class Journal:
    """Writes one line for each call that is over; `file` is open for writing, and stays its owner's."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, call: Call) -> None:
        """`{"tag", "arrived_at", "elements_at", "ending"}`; the tag is null where the request had none."""
        tag = _TAG.search(call.raw_body)
        line = {
            "tag": tag[1].decode() if tag else None,
            "arrived_at": call.arrived_at,
            "elements_at": call.elements_at,
            "ending": call.ending,
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()  # a reader waits for the call's end, and then looks
