"""How long a client is waited for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Limits in seconds; arguments, so that tests need not wait for them."""

    head_s: float = 10.0  # for a whole head, counted from its first byte, or from the connection's beginning
    body_s: float = 10.0  # for a whole body: 1 MiB in 10 s is slower than any line that can use the answer
    silence_s: float = 15.0  # until a comment is sent: proxies cut what is silent for 30 s and more
    blocked_s: float = 15.0  # for a client to take what it is sent: one that is alive acknowledges within a second
