"""The limit of open files: a usual soft one is 1,024, and the hard one is far higher."""

import resource

from streamsum.telemetry.logs import logger

# A stream has two sockets, its client's and its upstream's; and the process has some of its own.
_A_STREAM = 2
_SPARE = 128


def allow_streams(streams: int) -> None:
    """Raise the soft limit for that many; say so where it cannot be raised as far."""
    wanted = _A_STREAM * streams + _SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    except (OSError, ValueError):  # over what the system allows at all
        possible = soft
    if possible < wanted:
        logger.warning("too few open files are allowed: see ulimit -n", limit=possible, streams=streams, needed=wanted)
