"""What a client is told of its limits: the fields of draft-ietf-httpapi-ratelimit-headers-11 (May 2026).

Both are lists of structured fields (RFC 9651), so that each limit can be a line of its own.
"""

from streamsum.runs.limits.limiter import DAY_S, MINUTE_S, Policy, Standing

# `tokens` is a unit that the draft's registry does not have (yet); without a unit the tokens would pass for requests.
_POLICY: dict[Policy, str] = {
    "requests": f'"requests";q={{}};w={MINUTE_S}',
    "streams": '"streams";q={};qu="concurrent-requests"',
    "tokens": f'"tokens";q={{}};qu="tokens";w={DAY_S}',
}


def rate_fields(standing: Standing) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` of one limit."""
    return {
        "RateLimit-Policy": _POLICY[standing.policy].format(standing.quota),
        "RateLimit": f'"{standing.policy}";r={standing.left};t={standing.reset_s}',
    }
