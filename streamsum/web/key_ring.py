"""The keys that open now, and their file, which is looked at again and again: a change holds without a restart."""

import asyncio
import hmac
from collections.abc import Callable, Iterable

from streamsum.api_key import digest_of
from streamsum.errors import SettingsError
from streamsum.keys_file import NO_KEY, Key, load_keys, parse_keys
from streamsum.telemetry import whereabouts
from streamsum.telemetry.logs import logger

# Reading a megabyte takes a millisecond, on a thread; whoever revokes a key waits no longer than that.
LOOK_S = 1.8
# What is new must be the same after so long: half of a file that is being written is a file with fewer keys and limits.
STILL_S = 0.2


class KeyRing:
    """Those of `keys` that are not disabled. A file that is broken, or gone, changes nothing, and is told of once."""

    def __init__(
        self,
        keys: Iterable[Key] = (),
        *,
        path: str | None = None,
        look_s: float = LOOK_S,
        load: Callable[[str], bytes] = load_keys,
    ) -> None:
        """`path`: of the file that `keys` came from; None: there is none."""
        self._load = load
        self._path = path
        self._look_s = look_s
        self._seen: bytes | str | None = None  # the file's content, or what was wrong with it
        self._put(keys)

    def _put(self, keys: Iterable[Key]) -> None:
        self._by_name = {key.name: key for key in keys if not key.disabled}
        self._digests = [(digest, key) for key in self._by_name.values() for digest in key.digests]

    def find(self, secret: str) -> Key | None:
        """Whom this opens for; "" opens nothing.

        All digests are compared, in constant time: how long it takes tells nothing of them.
        """
        if not secret:  # what has not been sent has a digest, too
            return None
        given, found = digest_of(secret), None
        for digest, key in self._digests:
            if hmac.compare_digest(digest, given):
                found = key
        return found

    def named(self, name: str) -> Key | None:
        """Whose name it is; without a name, whoever came when there were no keys. None: nobody's any more."""
        return self._by_name.get(name) if name else NO_KEY

    async def watch(self, on_change: Callable[[], None]) -> None:
        """Look until cancelled; `on_change` is called when other keys open than before."""
        while True:
            await asyncio.sleep(self._look_s)
            try:
                if await self.look():
                    on_change()
            except Exception as error:  # noqa: BLE001 - a bug must not keep revoked keys alive for ever
                logger.error("a bug", what="the keys", error=whereabouts(error))

    async def look(self) -> bool:
        """Is there anything new in the file? Then it holds."""
        if self._path is None:
            return False
        try:
            data = await asyncio.to_thread(self._load, self._path)
            if data == self._seen:
                return False
            await asyncio.sleep(STILL_S)
            if await asyncio.to_thread(self._load, self._path) != data:
                return False  # next time
            keys = await asyncio.to_thread(parse_keys, data)
        except SettingsError as error:
            self._complain(str(error))
            return False
        self._seen = data
        before = self._by_name
        self._put(keys)
        if self._by_name == before:
            return False
        logger.info("the keys have changed", keys=len(self._by_name))
        return True

    def _complain(self, what: str) -> None:
        if what != self._seen:
            self._seen = what
            logger.error("the keys file is wrong: the keys of before go on to hold", what=what)
