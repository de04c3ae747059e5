"""Standard input, output and error, which whoever starts a program may have closed, or led to a disk that is full."""

import os
import sys
from typing import TextIO


def open_closed() -> None:
    """Nothing to read, and nobody who hears, where Python has None: print goes elsewhere then, and all else breaks.

    In this order they get the numbers that they always have, and no socket does.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for as long as we run


def give_up(stream: TextIO) -> None:
    """What could not be written stays unwritten: Python tries once more on its way out, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
