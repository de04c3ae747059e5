"""The text to summarise: a file's, or what comes in by standard input."""

import re
import shlex
import sys
from pathlib import Path
from typing import BinaryIO

from streamsum.errors import StreamsumError

# RFC 3986, section 3.1; a file of that name can be given as ./name.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

_PIECE_BYTES = 1 << 20


class Unreadable(StreamsumError):
    """There is no text to be had; the message is for the person."""


def read_source(file: str, *, max_bytes: int) -> str:
    """The text in `file`, or with `-` in standard input. Nothing is fetched from anywhere. Raises Unreadable."""
    if _URL.match(file):
        raise Unreadable(f"an address is not fetched: curl -s {shlex.quote(file)} | streamsum summarize")
    try:
        if file == "-":
            return _text(sys.stdin.buffer, max_bytes)
        with Path(file).open("rb") as opened:
            return _text(opened, max_bytes)
    except OSError as error:
        raise Unreadable(f"cannot read {file}: {error.strerror}") from None
    except ValueError:  # of the codec, or a NUL in the name
        raise Unreadable(f"cannot read {file}: it is not UTF-8 text") from None


def _text(opened: BinaryIO, max_bytes: int) -> str:
    """A byte more than allowed is read, so that nothing endless is."""
    data = _read(opened, max_bytes + 1)
    if len(data) > max_bytes:
        raise Unreadable(f"the text is longer than {max_bytes} bytes (STREAMSUM_MAX_BODY_BYTES)")
    text = data.decode("utf-8-sig")
    if not text.strip():
        raise Unreadable("the text is empty")
    return text


def _read(opened: BinaryIO, most: int) -> bytes:
    """Piece by piece: `read` makes room for all that it is asked for, and the limit may be beyond any machine."""
    data = bytearray()
    while len(data) < most:
        wanted = min(most - len(data), _PIECE_BYTES)
        piece = opened.read(wanted)
        data += piece
        if len(piece) < wanted:  # the end: a terminal would wait for another one
            break
    return bytes(data)
