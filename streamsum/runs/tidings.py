"""What a summary's producer must hear of."""

from streamsum.runs.bell import Bell
from streamsum.runs.log import Happening


class Tidings:
    """Come once: the first happening is the one, ever after."""

    def __init__(self) -> None:
        self._happening: Happening | None = None
        self._come = Bell()

    def tell(self, happening: Happening) -> None:
        """It has happened."""
        self._happening = self._happening or happening
        self._come.ring()

    async def wait(self) -> Happening:
        """The first, as soon as there is one."""
        while self._happening is None:
            await self._come.wait()
        return self._happening
