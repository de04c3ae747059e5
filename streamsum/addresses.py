"""Names and addresses in the settings, with `,` between them. Each reader raises ValueError, in words of ours."""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network

_NAME = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
_PORT = r"(?::[0-9]{1,5})?"
_ORIGIN = re.compile(rf"https?://(?:{_NAME}|\[[0-9a-f:.]+\]){_PORT}")
_HOST = re.compile(rf"{_NAME}|\[[0-9a-f:.]+\]")


def listed(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """A reader of several, from a reader of one."""
    return lambda value: tuple(read(each.strip().lower()) for each in value.split(",") if each.strip())


def origin(text: str) -> str:
    """As a browser writes it into `Origin` (RFC 6454, section 6.2), or `*`."""
    if text != "*" and not _ORIGIN.fullmatch(text):
        raise ValueError("origins as browsers write them, such as https://app.example or http://127.0.0.1:5173, or *")
    return text


def host(text: str) -> str:
    """A name, or an address, without a port."""
    if not _HOST.fullmatch(text):
        raise ValueError("names of hosts without ports, such as summaries.example")
    return text


def network(text: str) -> str:
    """An address, or a network of them."""
    try:
        return str(ip_network(text) if "/" in text else ip_address(text))
    except ValueError:
        raise ValueError("addresses or networks, such as 10.0.0.7 or 10.0.0.0/8") from None
