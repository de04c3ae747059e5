"""What can go wrong between a client and a server.

    ClientError
    ├── Unreachable            nobody answered: refused, no such name, TLS, silence
    ├── NotStreamsum           somebody answered who is not this service: HTML, a redirect, events that are none of ours
    ├── StreamCut              the events broke off, and there was no going on
    └── Refused                the server answered with a problem (RFC 9457), which it carries
        ├── InvalidRequest     400, 405, 406, 408, 413, 414, 415, 422: asked again, it would be refused again
        ├── Unauthenticated    401: no key, or not a good one
        ├── Forbidden          403
        ├── NotFound           404: no such summary for this key
        ├── Conflict           409: the idempotency key was used with another request
        ├── Expired            410: the cursor points at what is not kept any more
        ├── LimitReached       429: too many requests, streams or tokens
        ├── ServerFailed       500, and whatever else
        ├── ModelFailed        502, 504: the model's server failed, refused, or wrote what is no summary
        └── Unavailable        503: overloaded, draining, a store that is away

A summary that fails once it runs is no exception: its last event is a `SummaryFailed`.
"""

from streamsum.errors import Problem, StreamsumError


class ClientError(StreamsumError):
    """Whatever goes wrong on the way to a server."""


class Unreachable(ClientError):
    """Nobody answered."""


class NotStreamsum(ClientError):
    """What answered is not this service, or something in between spoke for it."""


class StreamCut(ClientError):
    """The events broke off for good; the bullets that came stay valid. `id` and `n` are the last event's."""

    def __init__(self, message: str, *, id: str, n: int) -> None:
        """`n`: 0, if there was none."""
        super().__init__(message)
        self.id = id
        self.n = n


class Refused(ClientError):
    """The server's answer is a problem."""

    def __init__(self, problem: Problem, *, retry_after: float | None = None) -> None:
        """`retry_after` in seconds, if the server said when it is worth trying again."""
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem
        self.retry_after = retry_after

    @staticmethod
    def of(problem: Problem, *, retry_after: float | None = None) -> "Refused":
        """The error of this problem's status."""
        return _BY_STATUS.get(problem.status, ServerFailed)(problem, retry_after=retry_after)


class InvalidRequest(Refused):
    """The request does not fit; `problem.errors` says where."""


class Unauthenticated(Refused):
    """The server wants a key, and this is none, or it is gone."""


class Forbidden(Refused):
    """Not from here, or not by this name."""


class NotFound(Refused):
    """There is no such summary for this key."""


class Conflict(Refused):
    """The idempotency key was used with another request."""


class Expired(Refused):
    """The cursor points at what is not kept any more."""


class LimitReached(Refused):
    """A limit of the key."""


class ServerFailed(Refused):
    """A bug, on the other side."""


class ModelFailed(Refused):
    """There is no summary because of the model, or of its server."""


class Unavailable(Refused):
    """Not now; perhaps in a moment."""


_BY_STATUS: dict[int, type[Refused]] = {
    **dict.fromkeys((400, 405, 406, 408, 413, 414, 415, 422), InvalidRequest),
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    429: LimitReached,
    502: ModelFailed,
    503: Unavailable,
    504: ModelFailed,
}
