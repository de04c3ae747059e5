"""Where the load goes: an address on this machine, unless another is allowed by name."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

_KEY = re.compile(r"[\x21-\x7e]+")


class NotOurMachine(ValueError):
    """The address may be somebody else's, and a load test of it an attack."""


@dataclass(frozen=True, slots=True)
class Target:
    """A streamsum to be driven. The key stays out of every `repr`."""

    url: URL
    key: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, url: str, *, key: str | None = None, allow_remote: bool = False) -> "Target":
        """Raises NotOurMachine, and ValueError for what is no HTTP address."""
        parsed = URL(url.rstrip("/"))
        if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.query_string or parsed.fragment:
            raise ValueError("--url: an address such as http://127.0.0.1:8080 is wanted")
        if parsed.user is not None or parsed.password is not None:
            raise ValueError("--url: a key is given with --key, not in the address")
        if key is not None and not _KEY.fullmatch(key):
            raise ValueError("--key, STREAMSUM_KEY: a key is of visible ASCII characters")
        if not allow_remote and not is_loopback(parsed.host):
            raise NotOurMachine("--url: that is not this machine; --allow-remote drives it all the same")
        return cls(parsed, key)

    @property
    def summaries(self) -> URL:
        """Where summaries are started."""
        return self.url / "v1" / "summaries"

    @property
    def alive(self) -> URL:
        """Where it says that it is there."""
        return self.url / "healthz"

    @property
    def headers(self) -> Mapping[str, str]:
        """Of every request."""
        bearer = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Content-Type": "application/json", "Accept": "text/event-stream, application/problem+json", **bearer}


def is_loopback(host: str) -> bool:
    """Is it this machine for certain? Other names than localhost are not looked up: what they mean can change."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
