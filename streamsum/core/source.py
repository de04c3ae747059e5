"""The text to be summarised, as it is kept while a model works on it.

As UTF-8: a str with one emoji in it takes four bytes a character, and a thousand texts may wait at once.
"""

import zlib

# Less is not worth the work. More would hold up everybody else: 15 µs a kilobyte.
_PACKED_BYTES = range(2_000, 64_000)
# zlib's own tables take 48 KB so, and 268 by default: a hole in the heap for each text.
_WINDOW_BITS, _MEMORY_LEVEL = 13, 5


class Source:
    """A text that is mostly not looked at."""

    __slots__ = ("_is_packed", "_kept")

    def __init__(self, text: str, *, seldom: bool = False) -> None:
        """`seldom`: it is asked for once a call of a model, not with each bullet. Prose takes half the room then."""
        utf8 = text.encode()
        self._is_packed = seldom and len(utf8) in _PACKED_BYTES
        self._kept = _packed(utf8) if self._is_packed else utf8

    @property
    def text(self) -> str:
        """All of it, decoded anew each time."""
        return (zlib.decompress(self._kept, _WINDOW_BITS) if self._is_packed else self._kept).decode()


def _packed(data: bytes) -> bytes:
    packer = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
    return packer.compress(data) + packer.flush()
