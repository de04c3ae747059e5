"""The text to be summarised, as it is kept while a model works on it.

As UTF-8: a str with one emoji in it takes four bytes a character, and a thousand texts may wait at once.
"""


class Source:
    """A text that is mostly not looked at."""

    __slots__ = ("_utf8",)

    def __init__(self, text: str) -> None:
        self._utf8 = text.encode()

    @property
    def text(self) -> str:
        """All of it, decoded anew each time."""
        return self._utf8.decode()
