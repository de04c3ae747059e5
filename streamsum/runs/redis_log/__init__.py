"""The event log on Redis: any replica serves any summary, and what one leaves behind another takes over."""

from streamsum.runs.redis_log.log import RedisLog
from streamsum.runs.redis_log.times import Times

__all__ = ["RedisLog", "Times"]
